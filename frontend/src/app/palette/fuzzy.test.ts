import { describe, expect, test } from "vitest";
import { score } from "./fuzzy";

const best = (typed: string, texts: string[]) =>
  texts
    .map((text) => [text, score(typed, text)] as const)
    .filter((each): each is readonly [string, number] => each[1] !== null)
    .sort((one, other) => other[1] - one[1])
    .map(([text]) => text);

describe("what was typed", () => {
  test("finds the beginning of a name before its middle", () => {
    expect(best("let", ["Tablets", "Letters", "Form letters"])).toEqual(["Letters", "Form letters", "Tablets"]);
  });

  test("finds initials", () => {
    expect(best("nd", ["New dataset", "Knowledge", "Runs"])[0]).toBe("New dataset");
  });

  test("finds words in any order", () => {
    expect(score("dark theme", "Theme: dark")).not.toBeNull();
  });

  test("finds nothing by letters that are not there, or that lie anywhere", () => {
    expect(score("xyz", "Letters")).toBeNull();
    expect(score("ae", "Harbour office of trade")).toBeNull();
  });

  test("finds other scripts", () => {
    expect(best("набор", ["Новый набор данных", "Приложения"])).toEqual(["Новый набор данных"]);
    expect(best("数据", ["新建数据集", "应用"])).toEqual(["新建数据集"]);
  });

  test("takes everything when nothing was typed", () => {
    expect(score("", "Anything")).not.toBeNull();
  });
});
