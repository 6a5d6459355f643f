/** What a new node of a kind begins with: enough that it can be run after its gaps are filled. */
import type { JsonObject } from "@/shared/api/types";
import type { NodeData } from "./model";

export interface Given {
  title: string;
  /** The chat model to begin with. */
  model: string;
  chatflow: boolean;
  /** What words the first branches bear, in the reader's language. */
  words: { classA: string; classB: string; approve: string; reject: string };
}

/** Steady and bounded: what a small model needs, and no harm to a large one. Choosing and reading want no chance at all. */
const model = (id: string, temperature = 0.3, maxTokens = 512): JsonObject => ({ id, parameters: { temperature, max_tokens: maxTokens } });

export function newData(kind: string, given: Given): NodeData {
  return { type: kind, title: given.title, desc: "", ...config(kind, given) };
}

function config(kind: string, { model: id, chatflow, words }: Given): JsonObject {
  const query = chatflow ? ["sys", "query"] : [];
  switch (kind) {
    case "start":
      return { variables: [] };
    case "end":
      return { outputs: [] };
    case "answer":
      return { answer: "" };
    case "llm":
      return { model: model(id), prompt_template: [{ role: "system", text: "" }], ...(chatflow ? { memory: { window: { enabled: false, size: 10 }, query_prompt_template: "{{#sys.query#}}" } } : {}) };
    case "agent":
      return { model: model(id), prompt_template: [{ role: "system", text: "" }], strategy: "function_calling", max_iterations: 5, tools: [] };
    case "knowledge-retrieval":
      return { query_variable_selector: query, dataset_ids: [], multiple_retrieval_config: { top_k: 4, mode: "hybrid" } };
    case "question-classifier":
      return { model: model(id, 0, 64), query_variable_selector: query, instruction: "", classes: [{ id: "1", name: words.classA }, { id: "2", name: words.classB }] };
    case "parameter-extractor":
      return { model: model(id, 0), query, parameters: [], instruction: "", reasoning_mode: "prompt" };
    case "if-else":
      return { cases: [{ case_id: "true", logical_operator: "and", conditions: [] }] };
    case "code":
      return { code_language: "python3", variables: [], code: 'def main() -> dict:\n    return {"result": "hello"}\n', outputs: { result: { type: "string", children: null } } };
    case "template-transform":
      return { variables: [], template: "" };
    case "http-request":
      return {
        method: "get",
        url: "",
        authorization: { type: "no-auth", config: null },
        headers: "",
        params: "",
        body: { type: "none", data: [] },
        timeout: { connect: 10, read: 60, write: 20 },
        ssl_verify: true,
      };
    case "tool":
      return { provider_type: "builtin", provider_id: "", provider_name: "", tool_name: "", tool_label: "", tool_configurations: {}, tool_parameters: {} };
    case "iteration":
      return { iterator_selector: [], output_selector: [], is_parallel: false, parallel_nums: 10, error_handle_mode: "terminated", flatten_output: true };
    case "loop":
      return { loop_count: 10, logical_operator: "and", break_conditions: [], loop_variables: [] };
    case "variable-aggregator":
      return { output_type: "any", variables: [], advanced_settings: { group_enabled: false, groups: [] } };
    case "assigner":
      return { version: "2", items: [] };
    case "list-operator":
      return { variable: [], filter_by: { enabled: false, conditions: [] }, order_by: { enabled: false, key: "", value: "asc" }, limit: { enabled: false, size: 10 }, extract_by: { enabled: false, serial: "1" } };
    case "document-extractor":
      return { variable_selector: [], is_array_file: false };
    case "human-input":
      return {
        form_content: "",
        inputs: [],
        user_actions: [
          { id: "approve", title: words.approve, button_style: "primary" },
          { id: "reject", title: words.reject, button_style: "default" },
        ],
        timeout: 36,
        timeout_unit: "hour",
      };
    default:
      return {};
  }
}
