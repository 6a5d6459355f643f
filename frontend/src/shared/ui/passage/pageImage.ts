/** A page of a document as a picture, with its size; the server draws it in a few widths. */
import { useQuery } from "@tanstack/react-query";

const NARROW_PX = 600;
const KEPT_MS = 5 * 60_000;
/** A PNG begins with its signature and one chunk, of which these bytes are width and height. */
const SIZE_FROM = 16;
const SIZE_TO = 24;

export const ZOOMS = [1, 1.5, 2, 3] as const;
export type Zoom = (typeof ZOOMS)[number];

export interface PageImage {
  blob: Blob;
  width: number;
  height: number;
}

/** What shows a page: its bytes by the width in pixels, and what tells it from all others. */
export interface PageSource {
  key: readonly unknown[];
  load: (width: number) => Promise<Blob>;
}

/** The width to ask for: no finer than the screen shows it. */
export function widthFor(zoom: Zoom, screenWidth: number): number {
  if (zoom > 1) return 1800;
  return screenWidth < NARROW_PX ? 800 : 1200;
}

export async function pageImage(blob: Blob): Promise<PageImage> {
  const size = new DataView(await blob.slice(SIZE_FROM, SIZE_TO).arrayBuffer());
  return { blob, width: size.getUint32(0), height: size.getUint32(4) };
}

export const usePageImage = ({ key, load }: PageSource, width: number) =>
  useQuery({
    queryKey: ["page-image", ...key, width],
    queryFn: async () => pageImage(await load(width)),
    staleTime: KEPT_MS,
    placeholderData: (before, query) => (query && sameBut(query.queryKey, key) ? before : undefined),
    retry: false,
  });

/** While a finer drawing of the same page is on its way the one that is there stays. */
function sameBut(shown: readonly unknown[], key: readonly unknown[]): boolean {
  return JSON.stringify(shown.slice(1, -1)) === JSON.stringify(key);
}
