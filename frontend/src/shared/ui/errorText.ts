/** An error in the reader's language: what happened and what to do. */
import type { TFunction } from "i18next";
import { ApiError } from "@/shared/api/client";
import type errors from "@/shared/i18n/locales/en/errors.json";

type Known = `errors.known.${keyof (typeof errors)["known"]}`;

export interface ErrorText {
  title: string;
  detail: string;
}

/** The catalogue's words for a known code; the server's own message says the particulars. */
export function errorTextOf(t: TFunction, code: string, message: string): ErrorText {
  const known = t(`errors.known.${code}` as Known, { defaultValue: "" });
  if (!known) return { title: t("errors.unknown"), detail: message || t("errors.unknownHint") };
  return { title: known, detail: message };
}

export function errorText(t: TFunction, reason: unknown): ErrorText {
  if (!(reason instanceof ApiError)) return errorTextOf(t, "", reason instanceof Error ? reason.message : String(reason));
  const text = errorTextOf(t, reason.code, reason.message);
  return reason.retryAfterS === null
    ? text
    : { ...text, detail: `${text.detail} ${t("errors.retryAfter", { seconds: reason.retryAfterS })}`.trim() };
}
