/** A long text that opens part by part, so that no length of it stops the page. */
import { Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { formatCount } from "@/shared/format/numbers";

const FIRST_CHARACTERS = 1_500;
const PART_CHARACTERS = 20_000;

export function FoldedText({ text }: { text: string }) {
  const { t, i18n } = useTranslation();
  const [shown, setShown] = useState(FIRST_CHARACTERS);
  return (
    <Text size="sm" component="div" className="mono" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
      {text.length > shown ? text.slice(0, shown) : text}
      {text.length > shown && (
        <UnstyledButton c="var(--accent-text)" onClick={() => setShown(shown + PART_CHARACTERS)}>
          {" … "}
          {t("runs.showMore", { count: formatCount(text.length - shown, i18n.language) })}
        </UnstyledButton>
      )}
    </Text>
  );
}
