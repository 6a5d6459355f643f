/** The one door to the console API: session cookie, CSRF, workspace header, errors as values of one class. */
import type { JsonObject } from "./types";

export const API = "/api/v1";

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly extra: JsonObject = {},
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Field errors by dotted path, the first message of each. */
  get fields(): Record<string, string> {
    const fields = this.extra.fields;
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return {};
    return Object.fromEntries(
      Object.entries(fields).map(([path, messages]) => [path, String(Array.isArray(messages) ? messages[0] : messages)]),
    );
  }
}

let workspaceId: string | null = null;

/** Every later request names this workspace. */
export function setRequestWorkspace(id: string | null): void {
  workspaceId = id;
}

function csrfToken(): string | null {
  const match = /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie);
  return match?.[1] ? decodeURIComponent(match[1]) : null;
}

export function apiHeaders(method: string): Headers {
  const headers = new Headers({ Accept: "application/json" });
  if (workspaceId) headers.set("X-Workspace", workspaceId);
  const token = csrfToken();
  if (method !== "GET" && token) headers.set("X-CSRFToken", token);
  return headers;
}

export async function errorFrom(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After"));
  const body: unknown = await response.json().catch(() => null);
  return errorFromBody(response.status, body, Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null);
}

export function errorFromBody(status: number, body: unknown, retryAfterS: number | null = null): ApiError {
  const fields = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const code = typeof fields.code === "string" ? fields.code : status >= 500 ? "server_error" : `http_${status}`;
  const message = typeof fields.message === "string" ? fields.message : "";
  const extra = typeof fields.extra === "object" && fields.extra !== null ? (fields.extra as JsonObject) : {};
  return new ApiError(status, code, message, extra, retryAfterS);
}

type Query = Record<string, string | number | boolean | null | undefined>;

export function apiUrl(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  return search.size > 0 ? `${API}${path}?${search}` : `${API}${path}`;
}

const etags = new Map<string, string>();

/** Which state of a thing this page knows last; an answer may say that it shows another address. */
function rememberEtag(url: string, response: Response): void {
  const etag = response.headers.get("ETag");
  const [path = url] = (response.headers.get("Content-Location") ?? url).split("?");
  if (etag) etags.set(path, etag);
}

export const etagOf = (path: string): string | undefined => etags.get(apiUrl(path));

/** The next write of it overwrites whatever is there. */
export const forgetEtag = (path: string): boolean => etags.delete(apiUrl(path));

/** Sends without reading the body; throws ApiError for 4xx, 5xx and for a server out of reach. */
export async function send(method: string, url: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
  const headers = apiHeaders(method);
  new Headers(init.headers).forEach((value, name) => headers.set(name, value));
  if (body !== undefined) headers.set("Content-Type", "application/json");
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      method,
      headers,
      credentials: "same-origin",
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw new ApiError(0, "network_error", "");
  }
  if (!response.ok) throw await errorFrom(response);
  rememberEtag(url, response);
  return response;
}

async function request<T>(method: string, path: string, body?: unknown, query?: Query, init: RequestInit = {}): Promise<T> {
  const response = await send(method, apiUrl(path, query), body, init);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => request<T>("GET", path, undefined, query, { signal }),
  post: <T>(path: string, body: unknown = {}) => request<T>("POST", path, body),
  put: <T>(path: string, body: unknown, headers?: Record<string, string>) => request<T>("PUT", path, body, undefined, { headers }),
  patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, body),
  delete: <T = void>(path: string, query?: Query) => request<T>("DELETE", path, undefined, query),
};
