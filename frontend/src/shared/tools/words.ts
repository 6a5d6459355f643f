/** The reader's words for tools; what the catalogue does not know keeps the server's. */
import { useTranslation } from "react-i18next";
import type tools from "@/shared/i18n/locales/en/tools.json";
import type { Field } from "./schema";

type Known = keyof typeof tools.names;
type Setting = keyof typeof tools.settings;
type Hint = keyof typeof tools.settingHints;
type Option = keyof typeof tools.settingOptions;

interface Named {
  name: string;
  title: string;
  description: string;
}

export function useToolWords() {
  const { t } = useTranslation();
  return {
    title: (tool: Named) => t(`tools.names.${tool.name as Known}`, { defaultValue: tool.title }),
    does: (tool: Named) => t(`tools.does.${tool.name as Known}`, { defaultValue: tool.description }),
  };
}

/** What an author sets for a tool, named by the catalogue; parameters keep the words that a model reads. */
export function useSettingWords() {
  const { t } = useTranslation();
  return (field: Field): Field => ({
    ...field,
    label: t(`tools.settings.${field.name as Setting}`, { defaultValue: field.label }),
    hint: t(`tools.settingHints.${field.name as Hint}`, { defaultValue: field.hint }),
    options: field.options.map(({ value, label }) => ({ value, label: t(`tools.settingOptions.${value as Option}`, { defaultValue: label }) })),
  });
}
