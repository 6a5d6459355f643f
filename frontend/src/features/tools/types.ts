/** The shapes of tools and of the rules of the network in the console API. */
import type { Json, Tool } from "@/shared/api/types";

export interface ToolCredential {
  name: string;
  title: string;
  help: string;
  is_secret: boolean;
  is_required: boolean;
  is_url: boolean;
  default: string;
  is_stored: boolean;
}

export interface ToolInfo extends Tool {
  outputs: Record<string, string>;
  writes: boolean;
  credentials: ToolCredential[];
  is_ready: boolean;
  reason_off: string;
}

export interface TriedFile {
  id: string;
  name: string;
  mime_type: string;
  size_bytes: number;
}

export interface Tried {
  output: string;
  error: string;
  elapsed_ms: number;
  values: { [name: string]: Json };
  files: TriedFile[];
}

export interface EgressRules {
  allow: string[];
  deny: string[];
  only_listed: boolean;
}

export interface Reach {
  is_reached: boolean;
  reason: string;
  host: string;
  port: number;
  addresses: string[];
}
