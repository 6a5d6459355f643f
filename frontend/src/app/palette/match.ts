/** What the palette shows for what was typed: the best first, in groups that keep their order. */
import type { Command, CommandGroup } from "./useCommands";
import { score } from "./fuzzy";

const SHOWN = 40;
const PER_GROUP = 8;

export interface Section {
  group: CommandGroup | "recent";
  commands: Command[];
}

/** Without a word: what was chosen lately, then what a person most likely wants. */
export function sectionsOf(commands: Command[], typed: string, recent: string[]): Section[] {
  const word = typed.trim();
  if (!word) {
    const lately = recent.flatMap((id) => commands.find((command) => command.id === id) ?? []);
    const rest = grouped(commands.filter((command) => !lately.includes(command) && !command.onlyTyped));
    return lately.length > 0 ? [{ group: "recent", commands: lately }, ...rest] : rest;
  }
  const scored = commands.flatMap((command) => {
    const label = score(word, command.label);
    const other = score(word, `${command.hint ?? ""} ${command.keywords ?? ""}`);
    const points = Math.max(label ?? -Infinity, other === null ? -Infinity : other / 2);
    return Number.isFinite(points) ? [{ command, points }] : [];
  });
  scored.sort((one, other) => other.points - one.points);
  return grouped(scored.slice(0, SHOWN).map(({ command }) => command), PER_GROUP * 2);
}

function grouped(commands: Command[], limit = PER_GROUP): Section[] {
  const sections = new Map<CommandGroup, Command[]>();
  for (const command of commands) {
    const section = sections.get(command.group) ?? [];
    sections.set(command.group, section);
    if (section.length < limit) section.push(command);
  }
  return [...sections].map(([group, found]) => ({ group, commands: found }));
}
