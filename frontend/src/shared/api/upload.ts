/** Sends files: one with progress, which fetch cannot tell, or a small one among the fields of a form. */
import { apiHeaders, apiUrl, ApiError, errorFrom, errorFromBody } from "./client";

export interface Uploaded<T> {
  body: T;
  /** False where the server had this very file already. */
  isNew: boolean;
}

export function uploadFile<T>(path: string, file: File, onProgress: (fraction: number) => void, signal?: AbortSignal): Promise<Uploaded<T>> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", apiUrl(path));
    apiHeaders("POST").forEach((value, name) => request.setRequestHeader(name, value));
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      const body = parse(request.responseText);
      if (request.status < 300) resolve({ body: body as T, isNew: request.status === 201 });
      else reject(errorFromBody(request.status, body));
    };
    request.onerror = () => reject(new ApiError(0, "network_error", ""));
    request.onabort = () => reject(new DOMException("aborted", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file, file.name);
    request.send(form);
  });
}

export async function postForm<T>(path: string, fields: Record<string, string | File>, signal?: AbortSignal): Promise<T> {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  let response: Response;
  try {
    response = await fetch(apiUrl(path), { method: "POST", headers: apiHeaders("POST"), credentials: "same-origin", body, signal });
  } catch (reason) {
    if (reason instanceof DOMException && reason.name === "AbortError") throw reason;
    throw new ApiError(0, "network_error", "");
  }
  if (!response.ok) throw await errorFrom(response);
  return (await response.json()) as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
