/** Inputs that write when one leaves them or presses Enter: names, whose every letter would otherwise be a change. */
import { TextInput, type TextInputProps } from "@mantine/core";
import { useState } from "react";

type CommitInputProps = Omit<TextInputProps, "value" | "onChange"> & { value: string; onCommit: (value: string) => void };

export function CommitInput({ value, onCommit, ...props }: CommitInputProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const commit = () => {
    if (draft !== null && draft !== value) onCommit(draft.trim());
    setDraft(null);
  };
  return (
    <TextInput
      {...props}
      value={draft ?? value}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
        if (event.key === "Escape") setDraft(null);
      }}
    />
  );
}
