/** Fetches a document with the workspace header, which a plain link could not send, and saves it. */
import { send } from "@/shared/api/client";
import { notifyError } from "@/shared/ui/notify";

export async function downloadDocument(url: string, name: string): Promise<void> {
  try {
    const response = await send("GET", url);
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
