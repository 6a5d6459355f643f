/** How to call exactly this app: curl, the OpenAI SDK, Dify's SDK. Code, so no words for a catalogue but the app's own. */
import type { App, Variable } from "@/shared/api/types";

export type SnippetKind = "curl" | "openai" | "dify";

function exampleInputs(variables: Variable[]): Record<string, unknown> {
  return Object.fromEntries(
    variables.map((variable) => {
      const example = { number: 1, checkbox: true, select: variable.options[0] ?? "", text: "…", paragraph: "…" }[variable.type];
      return [variable.name, variable.default || example];
    }),
  );
}

export function snippet(kind: SnippetKind, app: App, variables: Variable[], baseUrl: string, question: string): string {
  const inputs = JSON.stringify(exampleInputs(variables));
  const completion = app.mode === "completion";
  switch (kind) {
    case "curl":
      return [
        `curl -N ${baseUrl}/${completion ? "completion-messages" : "chat-messages"} \\`,
        `  -H "Authorization: Bearer $ATELIER_APP_KEY" \\`,
        `  -H "Content-Type: application/json" \\`,
        `  -d '${JSON.stringify({
          inputs: exampleInputs(variables),
          ...(completion ? {} : { query: question }),
          response_mode: "streaming",
          user: "user-1",
        }).replaceAll("'", "'\\''")}'`,
      ].join("\n");
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
            `response = client.create_completion_message(inputs=${pythonLiteral(inputs)}, response_mode="blocking", user="user-1")`,
            'print(response.json()["answer"])',
          ].join("\n")
        : [
            "import os",
            "from dify_client import ChatClient",
            "",
            'client = ChatClient(os.environ["ATELIER_APP_KEY"])',
            `client.base_url = "${baseUrl}"`,
            `response = client.create_chat_message(inputs=${pythonLiteral(inputs)}, query=${JSON.stringify(question)}, user="user-1")`,
            'print(response.json()["answer"])',
          ].join("\n");
  }
}

function pythonLiteral(json: string): string {
  return json.replaceAll(/\btrue\b/g, "True").replaceAll(/\bfalse\b/g, "False").replaceAll(/\bnull\b/g, "None");
}
