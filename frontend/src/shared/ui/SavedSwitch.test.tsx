import { MantineProvider } from "@mantine/core";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { SavedSwitch } from "./SavedSwitch";

function saving() {
  let end: (failed: boolean) => void = () => undefined;
  const asked: boolean[] = [];
  const save = (on: boolean) => {
    asked.push(on);
    return new Promise<void>((resolve, reject) => (end = (failed) => (failed ? reject(new Error("no")) : resolve())));
  };
  return { asked, save, end: (failed = false) => act(async () => end(failed)) };
}

const shown = (stored: boolean, save: (on: boolean) => Promise<unknown>) => (
  <MantineProvider>
    <SavedSwitch label="Answer" stored={stored} save={save} />
  </MantineProvider>
);

describe("SavedSwitch", () => {
  it("shows what was chosen before it is saved", async () => {
    const { asked, save, end } = saving();
    const { rerender } = render(shown(false, save));
    const field = screen.getByRole<HTMLInputElement>("switch");
    fireEvent.click(field);
    expect(field.checked).toBe(true);
    expect(asked).toEqual([true]);
    rerender(shown(true, save));
    await end();
    expect(field.checked).toBe(true);
  });

  it("goes back to what is stored when saving failed", async () => {
    const { save, end } = saving();
    render(shown(false, save));
    const field = screen.getByRole<HTMLInputElement>("switch");
    fireEvent.click(field);
    await end(true);
    expect(field.checked).toBe(false);
  });
});
