/** What went wrong, in words for somebody who did not build the app. */
import type { TFunction } from "i18next";
import { ApiError } from "@/shared/api/client";

export function wordsOf(t: TFunction, code: string, seconds: number | null = null): string {
  switch (code) {
    case "too_many_requests":
      return t("published.errors.busy", { seconds: seconds ?? 60 });
    case "network_error":
      return t("published.errors.network");
    case "stream_lost":
      return t("published.errors.lost");
    case "context_length_exceeded":
      return t("published.errors.tooLong");
    case "unsupported_file_type":
      return t("published.errors.fileKind");
    case "file_too_large":
      return t("published.errors.fileSize");
    case "not_published":
      return t("published.closed.text");
    default:
      return t("published.errors.app");
  }
}

/** A refused field says itself what it takes; every other error is put into words that give nothing away. */
export function errorWords(t: TFunction, reason: unknown): string {
  if (!(reason instanceof ApiError)) return t("published.errors.general");
  const field = Object.values(reason.fields)[0];
  return field ?? wordsOf(t, reason.code, reason.retryAfterS);
}
