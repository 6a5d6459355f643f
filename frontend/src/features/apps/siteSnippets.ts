/** How a published page comes into another page: as a bubble by a script, or as a frame. Code, so no words for a catalogue. */
import type { Site } from "@/shared/site/types";

export type EmbedKind = "bubble" | "frame";

/** A value between quotes of HTML. */
export function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export const pageUrl = (origin: string, code: string): string => `${origin}/p/${code}`;

export function embedSnippet(kind: EmbedKind, origin: string, site: Pick<Site, "code" | "color">, name: string): string {
  if (kind === "bubble") {
    return [
      "<script",
      `  src="${attribute(origin)}/embed.js"`,
      `  data-code="${attribute(site.code)}"`,
      `  data-color="${attribute(site.color)}"`,
      `  data-label="${attribute(name)}"`,
      "  defer",
      "></script>",
    ].join("\n");
  }
  return [
    "<iframe",
    `  src="${attribute(origin)}/embed/${attribute(site.code)}"`,
    `  title="${attribute(name)}"`,
    '  style="width: 100%; height: 640px; border: 0; border-radius: 12px"',
    "></iframe>",
  ].join("\n");
}

/** One origin a line, as they are typed. */
export function originsOf(text: string): string[] {
  return [...new Set(text.split(/[\s,]+/).map((line) => line.trim()).filter((line) => line !== ""))];
}
