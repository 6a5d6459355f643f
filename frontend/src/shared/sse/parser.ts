/** Turns the text of an event stream into messages; knows nothing of runs. */

export interface SseMessage {
  id: string | null;
  event: string;
  data: string;
}

export class SseParser {
  private rest = "";
  private data: string[] = [];
  private event = "";
  private id: string | null = null;

  /** Takes what has arrived and returns the messages that are complete. */
  push(chunk: string): SseMessage[] {
    const messages: SseMessage[] = [];
    const lines = (this.rest + chunk).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      const message = this.take(line);
      if (message) messages.push(message);
    }
    return messages;
  }

  private take(line: string): SseMessage | null {
    if (line === "") return this.finish();
    if (line.startsWith(":")) return null;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.event = value;
    else if (field === "id") this.id = value;
    return null;
  }

  private finish(): SseMessage | null {
    const message = this.data.length > 0 ? { id: this.id, event: this.event || "message", data: this.data.join("\n") } : null;
    this.data = [];
    this.event = "";
    return message;
  }
}
