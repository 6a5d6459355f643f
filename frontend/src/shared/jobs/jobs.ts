/** Work that goes on behind the pages: what the tray shows, and the door by which a feature brings its own. */

export interface Job {
  id: string;
  title: string;
  /** Where it stands, in the words of the reader. */
  detail: string;
  /** 0 to 1; null where nobody knows. */
  progress: number | null;
  state: "running" | "done" | "failed";
  /** A path in the workspace: the thing that is worked on, and later the result. */
  path: string;
  cancel?: () => Promise<unknown>;
}

/** Who looks at the tray, as far as it decides what can be ended. */
export interface Reader {
  isMachineAdmin: boolean;
}

export interface JobSource {
  name: string;
  /** What goes on now; and of the ids that the tray still shows, how they ended. */
  list: (shown: ReadonlySet<string>, reader: Reader) => Promise<Job[]>;
}

const sources = new Map<string, JobSource>();

/** Once per source, before the tray is drawn. The same name again replaces it. */
export function registerJobs(source: JobSource): void {
  sources.set(source.name, source);
}

/** All jobs of all sources; one that cannot be asked now takes nothing away from the others. */
export async function listJobs(shown: ReadonlySet<string>, reader: Reader): Promise<Job[]> {
  const answers = await Promise.allSettled([...sources.values()].map((source) => source.list(shown, reader)));
  return answers.flatMap((answer) => (answer.status === "fulfilled" ? answer.value : []));
}
