/** A variable's name: written in peace, then changed everywhere in the draft at once, with a way back. */
import { TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Variable } from "@/shared/api/types";
import { NAME } from "@/shared/draft/references";
import { useRename } from "./useRename";

export function RenameField({ variable, others }: { variable: Variable; others: string[] }) {
  const { t } = useTranslation();
  const rename = useRename();
  const [typed, setTyped] = useState<string | null>(null);
  const name = typed ?? variable.name;
  const error = !NAME.test(name) ? t("build.badName") : others.includes(name) ? t("build.nameTaken") : undefined;
  const finish = () => {
    if (typed === null || error) return;
    setTyped(null);
    if (typed !== variable.name) rename(variable.name, typed);
  };
  return (
    <TextInput
      label={t("build.variableName")}
      value={name}
      onChange={(event) => setTyped(event.currentTarget.value)}
      onBlur={finish}
      onKeyDown={(event) => {
        if (event.key === "Enter") finish();
        if (event.key === "Escape") setTyped(null);
      }}
      error={error}
      flex={1}
      classNames={{ input: "mono" }}
      data-variable={variable.name}
    />
  );
}
