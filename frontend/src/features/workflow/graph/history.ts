/** Undo and redo over any value: steps that belong together (typing in one field) join. */

export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** What the last step was about; a step with the same name within the pause joins it. */
  topic: string;
  at: number;
}

const MOST_STEPS = 200;
const JOIN_MS = 1_000;

export function historyOf<T>(present: T): History<T> {
  return { past: [], present, future: [], topic: "", at: 0 };
}

export function stepped<T>(history: History<T>, present: T, topic = "", now = Date.now()): History<T> {
  if (present === history.present) return history;
  const joins = topic !== "" && topic === history.topic && now - history.at < JOIN_MS && history.past.length > 0;
  const past = joins ? history.past : [...history.past, history.present].slice(-MOST_STEPS);
  return { past, present, future: [], topic, at: now };
}

export function undone<T>(history: History<T>): History<T> {
  const before = history.past.at(-1);
  if (before === undefined) return history;
  return { past: history.past.slice(0, -1), present: before, future: [history.present, ...history.future], topic: "", at: 0 };
}

export function redone<T>(history: History<T>): History<T> {
  const [next, ...future] = history.future;
  if (next === undefined) return history;
  return { past: [...history.past, history.present], present: next, future, topic: "", at: 0 };
}
