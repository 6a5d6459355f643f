/** Languages: catalogues are loaded when chosen; English is the fallback for none, a test keeps all three complete. */
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = [
  { code: "en", name: "English" },
  { code: "zh", name: "中文" },
  { code: "ru", name: "Русский" },
] as const;

export type Language = (typeof LANGUAGES)[number]["code"];

const VISITOR_KEY = "atelier-visitor-language";
let storageKey = "atelier-language";

type Catalogues = Record<Language, () => Promise<{ default: object }>>;

const CONSOLE: Catalogues = {
  en: () => import("./locales/en"),
  zh: () => import("./locales/zh"),
  ru: () => import("./locales/ru"),
};

/** What the published page says, and no more: it is to be there at once. */
const VISITOR: Catalogues = {
  en: () => import("./locales/en/visitor"),
  zh: () => import("./locales/zh/visitor"),
  ru: () => import("./locales/ru/visitor"),
};

let catalogues = CONSOLE;

export function isLanguage(code: string | null | undefined): code is Language {
  return LANGUAGES.some((language) => language.code === code);
}

/** In a frame of a foreign page, storage may be closed. */
function remembered(): string | null {
  try {
    return localStorage.getItem(storageKey);
  } catch {
    return null;
  }
}

function remember(language: Language): void {
  try {
    localStorage.setItem(storageKey, language);
  } catch {
    // It is asked for again the next time.
  }
}

function preferredLanguage(): Language {
  const wanted = [remembered(), ...navigator.languages.map((tag) => tag.split("-")[0])];
  return wanted.find(isLanguage) ?? "en";
}

async function showLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const catalogue = await catalogues[language]();
    i18next.addResourceBundle(language, "translation", catalogue.default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function setLanguage(language: Language): Promise<void> {
  await showLanguage(language);
  remember(language);
}

/** The language that an author chose for their page, unless its visitor has chosen another one. */
export async function offerLanguage(language: string): Promise<void> {
  if (isLanguage(language) && !isLanguage(remembered())) await showLanguage(language);
}

async function start(): Promise<void> {
  await i18next.use(initReactI18next).init({ resources: {}, interpolation: { escapeValue: false }, returnNull: false });
}

export async function startI18n(): Promise<void> {
  await start();
  await setLanguage(preferredLanguage());
}

export async function startVisitorI18n(): Promise<void> {
  catalogues = VISITOR;
  storageKey = VISITOR_KEY;
  await start();
  await showLanguage(preferredLanguage());
}
