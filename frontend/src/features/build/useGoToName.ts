/** Leads to the field with a variable's name, from wherever the variable is used. */
import { useLocalStorage } from "@mantine/hooks";
import { useCallback } from "react";
import { sectionKey } from "./Section";

export function useGoToName() {
  const [, setOpen] = useLocalStorage({ key: sectionKey("variables"), defaultValue: false, getInitialValueInEffect: false });
  return useCallback(
    (name: string) => {
      setOpen(true);
      // The section is drawn before the next frame but one.
      requestAnimationFrame(() =>
        requestAnimationFrame(() => {
          const field = document.querySelector<HTMLInputElement>(`input[data-variable="${CSS.escape(name)}"]`);
          field?.focus();
          field?.select();
        }),
      );
    },
    [setOpen],
  );
}
