/** Saves files: what is fetched needs the workspace header, which a plain link could not send. */
import { send } from "@/shared/api/client";
import { notifyError } from "./notify";

export function saveBlob(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  URL.revokeObjectURL(address);
}

export async function saveFrom(url: string, name: string, headers: HeadersInit = {}): Promise<void> {
  try {
    const response = await send("GET", url, undefined, { headers });
    saveBlob(await response.blob(), name);
  } catch (reason) {
    notifyError(reason);
  }
}
