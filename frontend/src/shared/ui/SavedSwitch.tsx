/** A switch that is saved as it is flipped: it shows at once what was chosen, and what is stored once saving has ended. */
import { Switch, type SwitchProps } from "@mantine/core";
import { useOptimistic, useTransition } from "react";

interface Saved extends Omit<SwitchProps, "checked" | "onChange"> {
  stored: boolean;
  /** Rejects when it could not be saved; who saves tells the reader. */
  save: (on: boolean) => Promise<unknown>;
}

export function SavedSwitch({ stored, save, ...look }: Saved) {
  const [shown, show] = useOptimistic(stored);
  const [, startTransition] = useTransition();
  const flip = (on: boolean) =>
    startTransition(async () => {
      show(on);
      await save(on).catch(() => undefined);
    });
  return <Switch {...look} checked={shown} onChange={(event) => flip(event.currentTarget.checked)} />;
}
