/** Which names a prompt uses and whether they are known. */
import { expect, test } from "vitest";
import { unknownNames } from "./promptSyntax";

test("unknown names come once, in their order; the context is none", () => {
  expect(unknownNames("{{b}} {{a}} {{#context#}} {{#sys.query#}} {{ b }} {{known}} {not}", ["known"])).toEqual(["b", "a"]);
});
