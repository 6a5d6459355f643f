import { describe, expect, it } from "vitest";
import { graph, node } from "../graph/testing";
import { createBuilder } from "./builder";

describe("the inspector", () => {
  const store = () => createBuilder(graph([node("start", "start"), node("end", "end")], "start>end"), true);

  it("waits with the chosen node until the hand lets go of it", () => {
    const builder = store();
    builder.getState().select(["start"]);
    builder.getState().onDrag(true);
    builder.getState().onNodesChange([
      { id: "start", type: "select", selected: false },
      { id: "end", type: "select", selected: true },
    ]);
    expect(builder.getState()).toMatchObject({ focusId: "end", inspectedId: "start" });
    builder.getState().onDrag(false);
    expect(builder.getState().inspectedId).toBe("end");
  });

  it("closes with a node that is deleted", () => {
    const builder = store();
    builder.getState().select(["end"]);
    expect(builder.getState().inspectedId).toBe("end");
    builder.getState().removeSelected();
    expect(builder.getState().inspectedId).toBeNull();
  });
});
