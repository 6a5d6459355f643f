/** The name of a language in the reader's own. */

export function languageName(code: string, reader: string): string {
  if (!code) return "–";
  try {
    return new Intl.DisplayNames([reader], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}
