/** Starts the page. */
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@/app/global.css";
import { theme } from "@/app/theme";
import { startI18n, startVisitorI18n } from "@/shared/i18n";

/** A published page loads nothing of the console, and the console nothing of it. */
async function page(): Promise<ReactNode> {
  const published = /^\/(p|embed)\/([^/]+)\/?$/.exec(window.location.pathname);
  if (published) {
    const [{ PublishedRoot }] = await Promise.all([import("@/features/published/PublishedRoot"), startVisitorI18n()]);
    return <PublishedRoot theme={theme} code={published[2] ?? ""} embedded={published[1] === "embed"} />;
  }
  const [{ Providers }] = await Promise.all([import("@/app/Providers"), startI18n()]);
  return <Providers />;
}

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(<StrictMode>{await page()}</StrictMode>);
