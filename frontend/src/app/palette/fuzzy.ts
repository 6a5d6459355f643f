/** How well a text answers what was typed: letters in order, better together and at the beginnings of words. */

const START = 8;
const TOGETHER = 5;
const FIRST = 4;

/** The score of a text, higher is better; null when a letter is missing. Spaces part words, each of which must be found. */
export function score(typed: string, text: string): number | null {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const target = text.toLowerCase();
  let total = 0;
  for (const word of words) {
    const found = scoreOf(word, target);
    if (found === null) return null;
    total += found;
  }
  return total - target.length / 100;
}

function scoreOf(word: string, text: string): number | null {
  const whole = text.indexOf(word);
  if (whole >= 0) return word.length * (TOGETHER + 1) + (isStart(text, whole) ? START : 0) + (whole === 0 ? FIRST : 0);
  let total = 0;
  let at = -1;
  for (const letter of word) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return null;
    total += next === at + 1 && at >= 0 ? TOGETHER : isStart(text, next) ? START : 1;
    at = next;
  }
  // Letters that lie far apart are chance, not meaning.
  return total >= word.length * 2 ? total - word.length : null;
}

function isStart(text: string, index: number): boolean {
  return index === 0 || !/[\p{L}\p{N}]/u.test(text[index - 1] ?? "");
}
