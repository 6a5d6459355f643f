/** How the page is built and tested. */
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { colorScheme } from "./vite/colorScheme.ts";

const source = fileURLToPath(new URL("./src", import.meta.url));
const backend = process.env.ATELIER_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  plugins: [react(), colorScheme(`${source}/color-scheme.js`)],
  resolve: { alias: { "@": source } },
  server: { proxy: { "/api": backend, "/v1": backend } },
  build: { assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
  test: {
    environment: "happy-dom",
    setupFiles: ["./src/test-setup.ts"],
    include: ["src/**/*.test.{ts,tsx}"],
    maxWorkers: 2,
  },
});
