/** The small form of a tool: what it writes into the draft, and what it shows when the draft is changed elsewhere. */
import { MantineProvider } from "@mantine/core";
import { render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { beforeAll, expect, test } from "vitest";
import type { JsonObject, Tool } from "@/shared/api/types";
import { setLanguage, startI18n } from "@/shared/i18n";
import { ToolSettings } from "./ToolSettings";

beforeAll(async () => {
  await startI18n();
  await setLanguage("en");
});

const SCHEMA: JsonObject = {
  type: "object",
  properties: {
    hosts: { type: "array", items: { type: "string" }, default: [] },
    timeout_s: { type: "number", maximum: 120, default: 30 },
  },
};
const TOOL: Tool = { name: "http_request", title: "", description: "", parameters: {}, icon: "", config_schema: SCHEMA };

function Draft({ tool, first, written }: { tool: Tool; first: JsonObject; written: JsonObject[] }) {
  const [config, setConfig] = useState(first);
  const write = (next: JsonObject) => {
    written.push(next);
    setConfig(next);
  };
  return (
    <MantineProvider env="test">
      <ToolSettings tool={tool} config={config} onChange={write} />
      <button onClick={() => setConfig(first)}>undo</button>
    </MantineProvider>
  );
}

async function opened(first: JsonObject, tool = TOOL) {
  const written: JsonObject[] = [];
  render(<Draft tool={tool} first={first} written={written} />);
  await userEvent.click(within(screen.getByRole("group", { name: "Settings of HTTP request" })).getByRole("button"));
  return { written, time: () => screen.getByLabelText("Time limit in seconds") };
}

test("a tool without a configuration has no settings", () => {
  render(<Draft tool={{ ...TOOL, config_schema: {} }} first={{}} written={[]} />);
  expect(screen.queryByText("Settings")).toBeNull();
});

test("only what differs from the usual is written, and what no field shows stays", async () => {
  const { written } = await opened({ proxy: "kept" });
  await userEvent.type(screen.getByLabelText("Allowed hosts", { selector: "input" }), "api.example.org{Enter}");
  expect(written.at(-1)).toEqual({ proxy: "kept", hosts: ["api.example.org"] });
});

test("a number is emptied and typed anew; what is as usual is not written, and undoing shows what was", async () => {
  const { written, time } = await opened({ timeout_s: 5 });
  expect(time()).toHaveValue("5");
  await userEvent.clear(time());
  expect(time()).toHaveValue("");
  expect(written.at(-1)).toEqual({});
  await userEvent.type(time(), "60");
  expect(written.at(-1)).toEqual({ timeout_s: 60 });
  await userEvent.clear(time());
  await userEvent.type(time(), "30");
  expect(written.at(-1)).toEqual({});
  await userEvent.click(screen.getByText("undo"));
  expect(time()).toHaveValue("5");
});
