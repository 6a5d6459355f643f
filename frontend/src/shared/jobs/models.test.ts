import { describe, expect, test } from "vitest";
import { arrivalsOf, quantizingOf, type Arrival, type Quantizing } from "./models";

const anybody = { isMachineAdmin: false };
const admin = { isMachineAdmin: true };
const arrival = (values: Partial<Arrival> = {}): Arrival => ({ id: "a", source: "owner/model", status: "running", reason: "", done_bytes: 1, total_bytes: 4, ...values });
const quantizing = (values: Partial<Quantizing> = {}): Quantizing => ({ id: "q", source: "tiny", status: "running", reason: "", progress: 0.5, ...values });

describe("models on their way", () => {
  test("are jobs with what has come of them; of an unknown size nobody knows how far", () => {
    expect(arrivalsOf([arrival()], new Set(), anybody)).toMatchObject([{ id: "model:a", state: "running", progress: 0.25, path: "models" }]);
    expect(arrivalsOf([arrival({ total_bytes: 0 })], new Set(), anybody)[0]?.progress).toBeNull();
  });

  test("say how they ended to whom they were shown, and to nobody else", () => {
    const failed = arrival({ status: "failed", reason: "no such repository" });
    expect(arrivalsOf([failed], new Set(), anybody)).toEqual([]);
    expect(arrivalsOf([failed], new Set(["model:a"]), anybody)).toMatchObject([{ state: "failed", detail: "no such repository" }]);
  });

  test("are ended by who administers the machine", () => {
    expect(arrivalsOf([arrival()], new Set(), anybody)[0]?.cancel).toBeUndefined();
    expect(arrivalsOf([arrival()], new Set(), admin)[0]?.cancel).toBeTypeOf("function");
  });
});

describe("quantizations", () => {
  test("lead to their report", () => {
    expect(quantizingOf([quantizing()], new Set(), admin)).toMatchObject([{ id: "quantize:q", progress: 0.5, state: "running", path: "models/quantize?report=q" }]);
    expect(quantizingOf([quantizing({ status: "finished", progress: 1 })], new Set(["quantize:q"]), admin)).toMatchObject([{ state: "done" }]);
    expect(quantizingOf([quantizing({ status: "finished" })], new Set(), admin)).toEqual([]);
  });
});
