/** Markdown whose parser is loaded when the first answer is shown; until then its text stands there as it is. */
import { lazy, Suspense } from "react";
import type { MarkdownProps } from "./MarkdownView";

const MarkdownView = lazy(() => import("./MarkdownView"));

export function Markdown(props: MarkdownProps) {
  return (
    <Suspense fallback={<div style={{ whiteSpace: "pre-wrap" }}>{props.text}</div>}>
      <MarkdownView {...props} />
    </Suspense>
  );
}
