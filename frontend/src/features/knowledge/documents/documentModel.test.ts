/** Which actions a document offers in its state, and what helps one that failed. */
import { expect, test } from "vitest";
import type { DocumentStatus } from "@/shared/api/knowledgeTypes";
import { actionsFor, isMoving, mayDo, remedyOf } from "./documentModel";

const document = (status: DocumentStatus, change = {}) => ({ status, is_paused: false, is_enabled: true, is_archived: false, ...change });

test("only what is unfinished and not paused is asked for again", () => {
  expect(isMoving(document("embedding"))).toBe(true);
  expect(isMoving(document("embedding", { is_paused: true }))).toBe(false);
  expect(isMoving(document("ready"))).toBe(false);
  expect(isMoving(document("failed"))).toBe(false);
});

test("a document in work can be paused and cancelled, a failed one tried again, a ready one indexed anew", () => {
  const names = (each: ReturnType<typeof document>) => actionsFor([each]).map(({ action }) => action);
  expect(names(document("extracting"))).toEqual(["pause", "cancel", "disable", "delete"]);
  expect(names(document("extracting", { is_paused: true }))).toEqual(["resume", "cancel", "disable", "delete"]);
  expect(names(document("failed"))).toEqual(["retry", "disable", "archive", "delete"]);
  expect(names(document("ready"))).toEqual(["disable", "archive", "reindex", "delete"]);
});

test("an archived document is neither enabled nor disabled", () => {
  const archived = document("ready", { is_archived: true, is_enabled: false });
  expect(mayDo("enable", archived)).toBe(false);
  expect(mayDo("unarchive", archived)).toBe(true);
});

test("a selection offers what makes sense for any of it, with the number", () => {
  const actions = new Map(actionsFor([document("ready"), document("ready", { is_enabled: false }), document("failed")]).map((each) => [each.action, each.count]));
  expect(actions.get("retry")).toBe(1);
  expect(actions.get("enable")).toBe(1);
  expect(actions.get("disable")).toBe(2);
  expect(actions.get("delete")).toBe(3);
  expect(actions.has("pause")).toBe(false);
});

test("a failure names the action that helps", () => {
  expect(remedyOf("no text layer; install tesseract")).toBe("ocr");
  expect(remedyOf("The PDF is encrypted: remove the password and upload it again.")).toBe("replace");
  expect(remedyOf("The embedding model 'x' can't be reached.")).toBe("model");
  expect(remedyOf("The worker was killed three times.")).toBe("retry");
});
