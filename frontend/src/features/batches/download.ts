/** Fetches a table with the workspace header, which a plain link could not send, and saves it. */
import { apiUrl, send } from "@/shared/api/client";
import { notifyError } from "@/shared/ui/notify";

export async function downloadTable(path: string, name: string): Promise<void> {
  try {
    const response = await send("GET", apiUrl(path));
    const address = URL.createObjectURL(await response.blob());
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    URL.revokeObjectURL(address);
  } catch (reason) {
    notifyError(reason);
  }
}

export function resultsName(name: string): string {
  return `${name.replace(/\.[^.]+$/, "") || "batch"}-results.csv`;
}
