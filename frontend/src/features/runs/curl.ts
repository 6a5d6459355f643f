/** The call that asks what a run was asked, as a line for a shell; the key is a placeholder. */
import type { RunRequestCall } from "@/shared/api/runTypes";

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

export function curlOf(request: RunRequestCall, origin: string): string {
  return [
    `curl -N ${quoted(origin + request.path)} \\`,
    `  -H "Authorization: Bearer $ATELIER_APP_KEY" \\`,
    `  -H "Content-Type: application/json" \\`,
    `  -d ${quoted(JSON.stringify(request.body))}`,
  ].join("\n");
}
