/** Which tools stand together, what state each is in, and a call that shows what it does. */
import { IconBook, IconBraces, IconBrandWikipedia, IconCalculator, IconChartBar, IconClock, IconCode, IconSearch, IconWorld, IconWorldWww, type Icon } from "@tabler/icons-react";
import type { JsonObject } from "@/shared/api/types";
import type { ToolInfo } from "./types";

export const GROUPS = ["knowledge", "web", "code", "time", "other"] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Readonly<Record<string, Group>> = {
  knowledge_search: "knowledge",
  web_reader: "web",
  http_request: "web",
  searxng_search: "web",
  brave_search: "web",
  tavily_search: "web",
  google_search: "web",
  wikipedia_search: "web",
  calculator: "code",
  code_interpreter: "code",
  json_process: "code",
  chart: "code",
  current_time: "time",
  localtime_to_timestamp: "time",
  timestamp_to_localtime: "time",
  timezone_conversion: "time",
  weekday: "time",
};

export const ICONS: Readonly<Record<string, Icon>> = {
  book: IconBook,
  braces: IconBraces,
  "brand-wikipedia": IconBrandWikipedia,
  calculator: IconCalculator,
  "chart-bar": IconChartBar,
  clock: IconClock,
  code: IconCode,
  search: IconSearch,
  world: IconWorld,
  "world-www": IconWorldWww,
};

/** A tool of a package that was added stands among the others. */
export const groupOf = (tool: ToolInfo): Group => GROUP_OF[tool.name] ?? "other";
export const usesNetwork = (tool: ToolInfo): boolean => groupOf(tool) === "web";

export type ToolState = "off" | "needs" | "ready";

export function stateOf(tool: ToolInfo): ToolState {
  if (tool.reason_off) return "off";
  return tool.is_ready ? "ready" : "needs";
}

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

const EXAMPLES: Readonly<Record<string, JsonObject>> = {
  calculator: { expression: "23 * 19 + sqrt(2)" },
  current_time: { timezone: ZONE },
  localtime_to_timestamp: { localtime: "2026-11-21 13:45:00", timezone: ZONE },
  timestamp_to_localtime: { timestamp: 1795268700, timezone: ZONE },
  timezone_conversion: { current_time: "2026-11-21 13:45:00", current_timezone: "Europe/Berlin", target_timezone: "Asia/Shanghai" },
  weekday: { year: 2026, month: 11, day: 21 },
  web_reader: { url: "https://example.org" },
  http_request: { url: "https://example.org", method: "GET" },
  searxng_search: { query: "retrieval augmented generation", count: 3 },
  brave_search: { query: "retrieval augmented generation", count: 3 },
  tavily_search: { query: "retrieval augmented generation", count: 3 },
  google_search: { query: "retrieval augmented generation", count: 3 },
  wikipedia_search: { query: "Alan Turing" },
  json_process: { operation: "query", content: { items: [{ name: "tea" }, { name: "soup" }] }, path: "$.items[0].name" },
  chart: { kind: "bar", data: [3, 1, 2], labels: ["tea", "soup", "bread"] },
  code_interpreter: { code: "import math\nprint(math.pi)\nsum(range(101))", language: "python3" },
};

export const exampleOf = (name: string): JsonObject | undefined => EXAMPLES[name];
