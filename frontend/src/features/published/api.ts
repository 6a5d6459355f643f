/** What a visitor asks of a published page. In a frame of a foreign page no cookie travels: a token does, in a header. */
import { ApiError, apiUrl, errorFrom, send } from "@/shared/api/client";
import type { Area } from "@/shared/api/retrievalTypes";
import type { Json, JsonObject, Page } from "@/shared/api/types";
import type { Door } from "@/shared/sse/runStream";
import type { SiteOffer } from "@/shared/site/types";
import { keep, kept } from "./memory";

export interface PassageShown {
  position: number;
  document_name: string;
  page: number | null;
  text: string;
}

export interface CitedPlace {
  page: number | null;
  has_page: boolean;
  areas: Area[];
}

export interface StepShown {
  node_id: string;
  kind: string;
  title: string;
  status: string;
  elapsed_ms: number | null;
  tools: { name: string; failed: boolean }[];
}

export interface AskShown {
  node_id: string;
  title: string;
  ask: string;
  form: JsonObject;
}

export interface FileShown {
  id: string;
  name: string;
  mime_type: string;
  size_bytes: number;
}

export type Rating = "like" | "dislike" | null;

export interface VisitorRun {
  id: string;
  conversation_id: string | null;
  status: "queued" | "running" | "succeeded" | "failed" | "cancelled" | "paused";
  query: string;
  inputs: JsonObject;
  files: FileShown[];
  answer: string;
  outputs: JsonObject;
  error: string | null;
  rating: Rating;
  sources: PassageShown[];
  steps: StepShown[];
  asks: AskShown[];
  created_at: string;
  elapsed_ms: number | null;
}

export interface Talk {
  id: string;
  name: string;
  inputs: JsonObject;
  created_at: string;
  updated_at: string;
}

export interface Question {
  query: string;
  inputs: Record<string, Json>;
  conversation_id?: string;
  files: string[];
}

/** One visitor at one page. */
export class SiteApi {
  readonly askPath: string;
  readonly door: Door;
  private readonly base: string;
  private token: string | null;
  private visiting: Promise<void> | null = null;

  constructor(
    readonly code: string,
    readonly embedded: boolean,
  ) {
    this.base = `/published/${encodeURIComponent(code)}`;
    this.askPath = `${this.base}/ask`;
    this.token = embedded ? kept(`visitor-${code}`) : null;
    this.door = {
      events: (runId) => `${this.base}/runs/${runId}/events`,
      cancel: (runId) => `${this.base}/runs/${runId}/stop`,
      headers: () => this.headers(),
    };
  }

  private headers(): Record<string, string> {
    return this.token ? { "X-Visitor": this.token } : {};
  }

  private async request<T>(method: string, path: string, body?: unknown, query: Record<string, string | number | null> = {}): Promise<T> {
    const response = await send(method, apiUrl(this.base + path, query), body, { headers: this.headers() });
    const text = await response.text();
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** As a known visitor: who is not, or no longer, becomes one and asks again. */
  private async known<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (reason) {
      if (!(reason instanceof ApiError) || reason.status !== 401) throw reason;
      this.visiting = null;
      await this.visit();
      return call();
    }
  }

  offer(): Promise<SiteOffer> {
    return this.request("GET", "");
  }

  visit(): Promise<void> {
    this.visiting ??= this.request<{ token: string | null }>("POST", "/visitor", { keep_token: this.embedded }).then(({ token }) => {
      this.token = token;
      if (token) keep(`visitor-${this.code}`, token);
    });
    return this.visiting;
  }

  talks(cursor: string | null): Promise<Page<Talk>> {
    return this.known(() => this.request("GET", "/conversations", undefined, { cursor, limit: 50 }));
  }

  rename(id: string, name: string): Promise<Talk> {
    return this.known(() => this.request("PATCH", `/conversations/${id}`, { name }));
  }

  remove(id: string): Promise<void> {
    return this.known(() => this.request("DELETE", `/conversations/${id}`));
  }

  messages(id: string, cursor: string | null): Promise<Page<VisitorRun>> {
    return this.known(() => this.request("GET", `/conversations/${id}/messages`, undefined, { cursor, limit: 30 }));
  }

  runs(cursor: string | null): Promise<Page<VisitorRun>> {
    return this.known(() => this.request("GET", "/runs", undefined, { cursor, limit: 30 }));
  }

  run(id: string): Promise<VisitorRun> {
    return this.known(() => this.request("GET", `/runs/${id}`));
  }

  answer(id: string, ask: AskShown, values: JsonObject): Promise<VisitorRun> {
    return this.known(() => this.request("POST", `/runs/${id}/answer`, { node_id: ask.node_id, ask: ask.ask, values }));
  }

  rate(id: string, rating: Rating): Promise<unknown> {
    return this.known(() => this.request("POST", `/runs/${id}/feedback`, { rating }));
  }

  /** Where a passage stands that an answer cites. */
  place(runId: string, position: number): Promise<CitedPlace> {
    return this.known(() => this.request("GET", `/runs/${runId}/sources/${position}`));
  }

  /** The page on which it stands, as a picture. */
  page(runId: string, position: number, width: number): Promise<Blob> {
    return this.known(async () => (await this.fetch(`/runs/${runId}/sources/${position}/page?width=${width}`, {})).blob());
  }

  upload(file: File): Promise<FileShown> {
    return this.known(async () => {
      const body = new FormData();
      body.append("file", file, file.name);
      const response = await this.fetch("/files", { method: "POST", body });
      return (await response.json()) as FileShown;
    });
  }

  /** The bytes of a file of one's own; a plain link could not send the token. */
  download(id: string): Promise<Blob> {
    return this.known(async () => (await this.fetch(`/files/${id}`, {})).blob());
  }

  private async fetch(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(apiUrl(this.base + path), { ...init, headers: this.headers(), credentials: "same-origin" });
    } catch {
      throw new ApiError(0, "network_error", "");
    }
    if (!response.ok) throw await errorFrom(response);
    return response;
  }
}
