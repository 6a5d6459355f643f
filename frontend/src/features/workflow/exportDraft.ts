/** Saves the draft as a file that Dify and Atelier import. */
import { send } from "@/shared/api/client";
import type { App } from "@/shared/api/types";
import { notifyError } from "@/shared/ui/notify";

export async function exportDraft(app: App, url: string): Promise<void> {
  try {
    const response = await send("GET", url, undefined, { headers: { Accept: "application/yaml" } });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await response.blob());
    link.download = `${app.slug}.yml`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (reason) {
    notifyError(reason);
  }
}
