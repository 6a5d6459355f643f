/** What was asked, with the files that went along. */
import type { RunFile } from "@/shared/api/runTypes";
import classes from "../build.module.css";
import { AttachedFiles } from "./Attached";

export function Question({ text, files = [] }: { text: string; files?: readonly RunFile[] }) {
  if (!text && files.length === 0) return null;
  return (
    <div className={classes.asked}>
      <AttachedFiles files={files} />
      {text && <div className={classes.question}>{text}</div>}
    </div>
  );
}
