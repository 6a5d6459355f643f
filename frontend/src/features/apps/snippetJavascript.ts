/** The call of one app as a module for Node: its answer as it is written, and where it converses, the next question. */

export interface JavascriptCall {
  baseUrl: string;
  path: string;
  inputs: Record<string, unknown>;
  /** What stands in the inputs for the id of a file. */
  file: string;
  /** The first question; an app that takes none is called once, with its inputs. */
  question?: string;
}

/** Each line of the stream is an event; a line may come in two pieces. */
const READING = [
  "  if (!response.ok) throw new Error(await response.text());",
  "",
  '  let rest = "";',
  "  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {",
  '    const lines = (rest + text).split("\\n");',
  "    rest = lines.pop();",
  '    for (const line of lines.filter((each) => each.startsWith("data: "))) {',
  "      const event = JSON.parse(line.slice(6));",
];

/** A run that had to begin again says anew what it has said. */
const SAYING = [
  '      if (event.event === "error") throw new Error(event.message);',
  '      if (event.event === "message_replace") process.stdout.write("\\n" + event.answer);',
  '      if (event.event === "message" || event.event === "agent_message") process.stdout.write(event.answer);',
];

const SHOWING_OUTPUTS = [
  '      if (event.event !== "workflow_finished") continue;',
  "      if (event.data.error) throw new Error(event.data.error);",
  "      console.log(event.data.outputs);",
];

const ENDING = ["    }", "  }"];

export function javascriptSnippet(call: JavascriptCall): string {
  const lines = call.question === undefined ? called(call) : conversing(call, call.question);
  return [...uploading(call), ...lines].join("\n");
}

/** The lines that upload a file, where one is asked for. */
function uploading({ baseUrl, inputs, file }: JavascriptCall): string[] {
  if (!JSON.stringify(inputs).includes(file)) return [];
  return [
    'import { openAsBlob } from "node:fs";',
    "",
    "async function upload(path) {",
    "  const form = new FormData();",
    '  form.append("user", "user-1");',
    '  form.append("file", await openAsBlob(path), path);',
    `  const response = await fetch(${JSON.stringify([baseUrl, "files/upload"].join("/"))}, {`,
    '    method: "POST",',
    "    headers: { Authorization: `Bearer ${process.env.ATELIER_APP_KEY}` },",
    "    body: form,",
    "  });",
    "  if (!response.ok) throw new Error(await response.text());",
    "  return (await response.json()).id;",
    "}",
    "",
    'const file = await upload("report.pdf");',
    "",
  ];
}

function conversing(call: JavascriptCall, question: string): string[] {
  return [
    'let conversationId = "";',
    "",
    "async function ask(query) {",
    ...fetching(call, [...inputLines(call), "query,", "conversation_id: conversationId,"]),
    ...READING,
    "      conversationId = event.conversation_id ?? conversationId;",
    ...SAYING,
    ...ENDING,
    '  process.stdout.write("\\n");',
    "}",
    "",
    `await ask(${JSON.stringify(question)});`,
  ];
}

function called(call: JavascriptCall): string[] {
  const isWorkflow = call.path === "workflows/run";
  return [
    "async function run() {",
    ...fetching(call, inputLines(call)),
    ...READING,
    ...(isWorkflow ? SHOWING_OUTPUTS : SAYING),
    ...ENDING,
    ...(isWorkflow ? [] : ['  process.stdout.write("\\n");']),
    "}",
    "",
    "await run();",
  ];
}

function fetching({ baseUrl, path }: JavascriptCall, body: string[]): string[] {
  return [
    `  const response = await fetch(${JSON.stringify([baseUrl, path].join("/"))}, {`,
    '    method: "POST",',
    "    headers: {",
    "      Authorization: `Bearer ${process.env.ATELIER_APP_KEY}`,",
    '      "Content-Type": "application/json",',
    "    },",
    "    body: JSON.stringify({",
    ...[...body, 'response_mode: "streaming",', 'user: "user-1",'].map((line) => `      ${line}`),
    "    }),",
    "  });",
  ];
}

function inputLines({ inputs, file }: JavascriptCall): string[] {
  const entries = Object.entries(inputs);
  if (entries.length === 0) return ["inputs: {},"];
  return ["inputs: {", ...entries.map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value).replaceAll(JSON.stringify(file), "file")},`), "},"];
}
