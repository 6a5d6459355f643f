/** Markdown whose parser is loaded when the first answer is shown; of a huge text only its beginning is drawn at first. */
import { Button } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatCount } from "@/shared/format/numbers";
import type { MarkdownProps } from "./MarkdownView";

const MarkdownView = lazy(() => import("./MarkdownView"));

/** About thirty pages: what a person reads at once, and what a browser draws without a pause. */
const PART_CHARACTERS = 60_000;

/** Where a text may be cut: at the end of a line if there is one near. */
function cutAt(text: string, at: number): number {
  if (text.length <= at) return text.length;
  const line = text.lastIndexOf("\n", at);
  return line > at / 2 ? line : at;
}

export function Markdown({ text, ...rest }: MarkdownProps) {
  const { t, i18n } = useTranslation();
  const [parts, setParts] = useState(1);
  const end = cutAt(text, parts * PART_CHARACTERS);
  const shown = end < text.length ? text.slice(0, end) : text;
  return (
    <>
      <Suspense fallback={<div style={{ whiteSpace: "pre-wrap" }}>{shown}</div>}>
        <MarkdownView text={shown} {...rest} />
      </Suspense>
      {end < text.length && (
        <Button mt="xs" size="xs" variant="default" onClick={() => setParts(parts + 1)}>
          {t("runs.showMore", { count: formatCount(text.length - end, i18n.language) })}
        </Button>
      )}
    </>
  );
}
