/** An icon and a colour for each kind of node: the colour says its category. */
import {
  IconApi,
  IconArrowsSplit2,
  IconBraces,
  IconBooks,
  IconBrain,
  IconCategory,
  IconCode,
  IconFileText,
  IconFilter,
  IconFlag,
  IconForms,
  IconGitBranch,
  IconMessage,
  IconPencil,
  IconPlayerPlay,
  IconPuzzle,
  IconRepeat,
  IconRobot,
  IconRoute,
  IconStack2,
  IconTemplate,
  IconTool,
  IconUserQuestion,
  type Icon,
} from "@tabler/icons-react";
import { categoryOf, type Category } from "../graph/kinds";
import classes from "./canvas.module.css";

const ICONS: Readonly<Record<string, Icon>> = {
  start: IconPlayerPlay,
  end: IconFlag,
  answer: IconMessage,
  llm: IconBrain,
  agent: IconRobot,
  "knowledge-retrieval": IconBooks,
  "question-classifier": IconCategory,
  "parameter-extractor": IconForms,
  "if-else": IconArrowsSplit2,
  code: IconCode,
  "template-transform": IconTemplate,
  "http-request": IconApi,
  tool: IconTool,
  iteration: IconStack2,
  loop: IconRepeat,
  "loop-end": IconFlag,
  "variable-aggregator": IconGitBranch,
  assigner: IconPencil,
  "list-operator": IconFilter,
  "document-extractor": IconFileText,
  workflow: IconRoute,
  "human-input": IconUserQuestion,
  conversation: IconMessage,
  env: IconBraces,
  sys: IconBraces,
};

const COLORS: Record<Category, string> = {
  model: "var(--mantine-color-accent-6)",
  knowledge: "var(--mantine-color-indigo-6)",
  logic: "var(--mantine-color-cyan-8)",
  data: "var(--mantine-color-violet-6)",
  tools: "var(--mantine-color-orange-8)",
  flow: "var(--mantine-color-gray-6)",
};

export function KindIcon({ kind, size = 26 }: { kind: string; size?: number }) {
  const Glyph = ICONS[kind] ?? IconPuzzle;
  return (
    <span className={classes.kindIcon} style={{ width: size, height: size, background: COLORS[categoryOf(kind)] }} aria-hidden>
      <Glyph size={size * 0.6} stroke={1.8} />
    </span>
  );
}
