import { describe, expect, it } from "vitest";
import { oneSort } from "./quantizations";

describe("the types of a job", () => {
  it("are GGUFs or folders, as ticked last", () => {
    expect(oneSort(["q8_0", "q4_K_M"], ["q8_0", "q4_K_M", "gptq-w4a16"])).toEqual(["gptq-w4a16"]);
    expect(oneSort(["gptq-w4a16"], ["gptq-w4a16", "awq-w4a16"])).toEqual(["gptq-w4a16", "awq-w4a16"]);
    expect(oneSort(["gptq-w4a16", "awq-w4a16"], ["gptq-w4a16", "awq-w4a16", "q4_0"])).toEqual(["q4_0"]);
  });

  it("may be unticked to none", () => {
    expect(oneSort(["q8_0", "q4_0"], ["q4_0"])).toEqual(["q4_0"]);
    expect(oneSort(["awq-w4a16"], [])).toEqual([]);
  });
});
