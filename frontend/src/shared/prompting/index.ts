/** Prompts that a model writes or improves, for every page that has a prompt. */
export { AssistDialog } from "./AssistDialog";
export { PromptAssistant } from "./PromptAssistant";
