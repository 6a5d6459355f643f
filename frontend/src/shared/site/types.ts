/** The published page of an app: what its author sets, and what of it its visitors are told. */
import type { AppMode, Json } from "@/shared/api/types";

/** How a page looks, for its visitors and in the preview of its author. */
export interface SiteLook {
  name: string;
  description: string;
  icon: string;
  icon_color: string;
  color: string;
  picture: string | null;
  footer: string;
  privacy_url: string;
  placeholder: string;
}

export interface Site extends Omit<SiteLook, "picture"> {
  /** Empty until the page is changed for the first time. */
  code: string;
  is_on: boolean;
  has_picture: boolean;
  opening_text: string;
  show_sources: boolean;
  show_steps: boolean;
  embed_origins: string[];
  language: string;
  visitor_runs_per_minute: number;
  site_runs_per_minute: number;
  updated_at: string | null;
}

export interface SiteVariable {
  name: string;
  label: string;
  type: "text" | "paragraph" | "select" | "number" | "checkbox" | "json_object" | "file" | "file-list";
  required: boolean;
  default: Json;
  options: string[];
  max_length: number | null;
}

export interface FileRules {
  is_on: boolean;
  /** They go with a question too, and not only where an input asks for them. */
  with_question: boolean;
  max_files: number;
  max_bytes: number;
  kinds: ("image" | "document" | "other")[];
  endings: string[];
}

export interface SiteOffer extends SiteLook {
  mode: AppMode;
  opening_text: string;
  suggested_questions: string[];
  variables: SiteVariable[];
  files: FileRules;
  show_sources: boolean;
  show_steps: boolean;
  language: string;
}
