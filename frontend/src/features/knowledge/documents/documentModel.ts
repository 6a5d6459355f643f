/** What may be done with a document in its state, and what helps one that failed. */
import type { DocumentAction, KnowledgeDocument } from "@/shared/api/knowledgeTypes";

/** Where a document passes on its way, in order. */
export const STAGES = ["queued", "extracting", "splitting", "embedding", "indexing"] as const;

type State = Pick<KnowledgeDocument, "status" | "is_paused" | "is_enabled" | "is_archived">;

export function isUnfinished({ status }: Pick<KnowledgeDocument, "status">): boolean {
  return status !== "ready" && status !== "failed";
}

/** Something will change by itself: worth asking again. */
export function isMoving(document: Pick<KnowledgeDocument, "status" | "is_paused">): boolean {
  return isUnfinished(document) && !document.is_paused;
}

const ORDER: readonly DocumentAction[] = ["retry", "pause", "resume", "cancel", "enable", "disable", "archive", "unarchive", "reindex", "delete"];

export function mayDo(action: DocumentAction, document: State): boolean {
  const unfinished = isUnfinished(document);
  switch (action) {
    case "retry":
      return document.status === "failed";
    case "pause":
      return unfinished && !document.is_paused;
    case "resume":
      return unfinished && document.is_paused;
    case "cancel":
      return unfinished;
    case "enable":
      return !document.is_enabled && !document.is_archived;
    case "disable":
      return document.is_enabled && !document.is_archived;
    case "archive":
      return !document.is_archived && !unfinished;
    case "unarchive":
      return document.is_archived;
    case "reindex":
      return document.status === "ready";
    case "delete":
      return true;
  }
}

/** The actions that make sense for at least one of them, each with the number it would change. */
export function actionsFor(documents: State[]): { action: DocumentAction; count: number }[] {
  return ORDER.map((action) => ({ action, count: documents.filter((document) => mayDo(action, document)).length })).filter(({ count }) => count > 0);
}

export type Remedy = "ocr" | "replace" | "model" | "retry";

const OCR = /tesseract|no text layer|ocr/i;
const BAD_FILE = /encrypt|password|damag|corrupt|truncat|invalid|broken|empty|not a (valid )?|malformed|no text|too large|too many|bomb|unpack/i;
const MODEL = /\bmodel\b|embedding server|inference|unreachable/i;

/** A file that cannot be read stays so: another one helps. The rest is worth another try. */
export function remedyOf(reason: string): Remedy {
  if (OCR.test(reason)) return "ocr";
  if (MODEL.test(reason)) return "model";
  return BAD_FILE.test(reason) ? "replace" : "retry";
}
