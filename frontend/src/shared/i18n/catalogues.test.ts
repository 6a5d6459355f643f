/** Three complete catalogues: no key missing, none unused, the same placeholders everywhere, no words beside them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import en from "./locales/en";
import ru from "./locales/ru";
import zh from "./locales/zh";

const PLURALS = { en: ["one", "other"], zh: ["other"], ru: ["one", "few", "many", "other"] };
const PLURAL = /_(one|few|many|other)$/;
const SOURCE = join(process.cwd(), "src");

function flatten(tree: object, prefix = ""): Map<string, string> {
  return new Map(
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "string" ? [[prefix + key, value] as const] : [...flatten(value as object, `${prefix}${key}.`)],
    ),
  );
}

const baseKeys = (catalogue: Map<string, string>) => new Set([...catalogue.keys()].map((key) => key.replace(PLURAL, "")));
const catalogues = { en: flatten(en), zh: flatten(zh), ru: flatten(ru) };

const files = readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
  .map((name) => ({ name, text: readFileSync(join(SOURCE, name), "utf8") }));
const source = files.map((file) => file.text).join("\n");
const literals = new Set([...source.matchAll(/["'`]([a-z]+(?:\.[A-Za-z_-]+)+)["'`]/g)].map((match) => match[1] ?? ""));
const prefixes = [...source.matchAll(/`([a-z]+(?:\.[A-Za-z_-]+)*\.)\$\{/g)].map((match) => match[1] ?? "");

describe.each(["en", "zh", "ru"] as const)("the catalogue %s", (language) => {
  const catalogue = catalogues[language];

  test("has the keys of the others", () => {
    expect([...baseKeys(catalogue)].sort()).toEqual([...baseKeys(catalogues.en)].sort());
  });

  test("has every plural form of its language", () => {
    const plurals = [...catalogue.keys()].filter((key) => PLURAL.test(key)).map((key) => key.replace(PLURAL, ""));
    const missing = plurals.flatMap((key) => PLURALS[language].map((form) => `${key}_${form}`)).filter((key) => !catalogue.has(key));
    expect(missing).toEqual([]);
  });

  test("names the same placeholders as English", () => {
    const names = (text: string | undefined) => [...(text ?? "").matchAll(/\{\{.+?\}\}/g)].map((match) => match[0]).sort();
    const english = (key: string) => catalogues.en.get(key) ?? catalogues.en.get(`${key.replace(PLURAL, "")}_other`);
    const wrong = [...catalogue].filter(([key, text]) => names(text).join() !== names(english(key)).join()).map(([key]) => key);
    expect(wrong).toEqual([]);
  });

  test("leaves nothing empty", () => {
    expect([...catalogue].filter(([, text]) => text.trim() === "")).toEqual([]);
  });
});

test("every key that the code asks for is there", () => {
  const known = baseKeys(catalogues.en);
  const areas = new Set(Object.keys(en));
  const asked = [...source.matchAll(/\bt\(\s*["'`]([a-z]+(?:\.[A-Za-z_-]+)+)["'`]/g)].map((match) => match[1] ?? "");
  expect(asked.filter((key) => areas.has(key.split(".")[0] ?? "") && !known.has(key))).toEqual([]);
});

test("no key is left over", () => {
  const unused = [...baseKeys(catalogues.en)].filter((key) => !literals.has(key) && !prefixes.some((prefix) => key.startsWith(prefix)));
  expect(unused).toEqual([]);
});

test("translations are not the English words", () => {
  const same = (other: Map<string, string>) => [...other].filter(([key, text]) => /[a-z]{4,} [a-z]{3,}/.test(text) && text === catalogues.en.get(key));
  expect([...same(catalogues.zh), ...same(catalogues.ru)]).toEqual([]);
});

test("no words stand in the code outside the catalogues", () => {
  const found = files
    .filter((file) => file.name.endsWith(".tsx"))
    .flatMap(({ name, text }) =>
      [...text.matchAll(/^\s+(?!\/\/|\*|\/\*)([A-Z][a-z]+(?: [a-z]+)+[.?!]?)\s*$|(?:label|title|placeholder|description|aria-label)="([A-Z][^"]*)"/gm)].map(
        (match) => `${name}: ${match[1] ?? match[2]}`,
      ),
    );
  expect(found).toEqual([]);
});
