/** How to call exactly this app: curl, JavaScript, two SDKs. Code, so no words for a catalogue but the app's own. */
import type { App, JsonObject, Variable, VariableType } from "@/shared/api/types";
import { javascriptSnippet } from "./snippetJavascript";

export type SnippetKind = "curl" | "javascript" | "openai" | "dify";

const TYPES: Record<string, VariableType> = { "text-input": "text", paragraph: "paragraph", select: "select", number: "number", checkbox: "checkbox", file: "file", "file-list": "file-list" };

/** Stands for the id of a file, which every snippet uploads first. */
const FILE = "@FILE@";
const GIVEN = { type: "document", transfer_method: "local_file", upload_file_id: FILE };

/** What the start of a graph asks for. */
export function graphVariables(graph: JsonObject): Variable[] {
  const nodes = (Array.isArray(graph.nodes) ? graph.nodes : []) as { data?: { type?: string; variables?: JsonObject[] } }[];
  const start = nodes.find((node) => node.data?.type === "start");
  return (start?.data?.variables ?? []).flatMap((variable) => {
    const type = TYPES[String(variable.type)];
    if (!type) return [];
    const options = Array.isArray(variable.options) ? variable.options.map(String) : [];
    return [{ name: String(variable.variable), label: "", type, required: variable.required === true, default: variable.default ?? "", options, max_length: null }];
  });
}

function exampleInputs(variables: Variable[]): Record<string, unknown> {
  return Object.fromEntries(
    variables.map((variable) => {
      const example = { number: 1, checkbox: true, select: variable.options[0] ?? "", text: "…", paragraph: "…", file: GIVEN, "file-list": [GIVEN] }[variable.type];
      return [variable.name, variable.default || example];
    }),
  );
}

export function snippet(kind: SnippetKind, app: App, variables: Variable[], baseUrl: string, question: string): string {
  const inputs = JSON.stringify(exampleInputs(variables));
  const hasFile = inputs.includes(FILE);
  const python = pythonLiteral(inputs).replaceAll(`"${FILE}"`, "file");
  const pythonUpload = hasFile ? ['file = client.file_upload("user-1", {"file": open("report.pdf", "rb")}).json()["id"]'] : [];
  const completion = app.mode === "completion";
  const asks = !completion && app.mode !== "workflow";
  const path = completion ? "completion-messages" : app.mode === "workflow" ? "workflows/run" : "chat-messages";
  switch (kind) {
    case "curl":
      return [
        ...(hasFile ? [`FILE=$(curl -s ${baseUrl}/files/upload -H "Authorization: Bearer $ATELIER_APP_KEY" \\`, `  -F user=user-1 -F file=@report.pdf | sed 's/.*"id": *"\\([^"]*\\)".*/\\1/')`] : []),
        `curl -N ${baseUrl}/${path} \\`,
        `  -H "Authorization: Bearer $ATELIER_APP_KEY" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '${JSON.stringify({
          inputs: exampleInputs(variables),
          ...(asks ? { query: question } : {}),
          response_mode: "streaming",
          user: "user-1",
        }).replaceAll("'", "'\\''").replaceAll(FILE, `'"$FILE"'`)}'`,
      ].join("\n");
    case "javascript":
      return javascriptSnippet({ baseUrl, path, inputs: exampleInputs(variables), file: FILE, ...(asks ? { question } : {}) });
    case "openai":
      return [
        "import os",
        "from openai import OpenAI",
        "",
        `client = OpenAI(base_url="${baseUrl}", api_key=os.environ["ATELIER_APP_KEY"])`,
        "stream = client.chat.completions.create(",
        `    model="${app.slug}",`,
        `    messages=[{"role": "user", "content": ${JSON.stringify(question)}}],`,
        "    stream=True,",
        ")",
        "for chunk in stream:",
        "    if chunk.choices:",
        '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
      ].join("\n");
    case "dify":
      return completion
        ? [
            "import os",
            "from dify_client import CompletionClient",
            "",
            'client = CompletionClient(os.environ["ATELIER_APP_KEY"])',
            `client.base_url = "${baseUrl}"`,
            ...pythonUpload,
            `response = client.create_completion_message(inputs=${python}, response_mode="blocking", user="user-1")`,
            'print(response.json()["answer"])',
          ].join("\n")
        : [
            "import os",
            "from dify_client import ChatClient",
            "",
            'client = ChatClient(os.environ["ATELIER_APP_KEY"])',
            `client.base_url = "${baseUrl}"`,
            ...pythonUpload,
            `response = client.create_chat_message(inputs=${python}, query=${JSON.stringify(question)}, user="user-1")`,
            'print(response.json()["answer"])',
          ].join("\n");
  }
}

function pythonLiteral(json: string): string {
  return json.replaceAll(/\btrue\b/g, "True").replaceAll(/\bfalse\b/g, "False").replaceAll(/\bnull\b/g, "None");
}
