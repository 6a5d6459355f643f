/** Puts the colour-scheme script into the head as a hashed file: the CSP allows no inline script. */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

export function colorScheme(file: string): Plugin {
  let reference = "";
  let serving = false;
  return {
    name: "atelier-color-scheme",
    configResolved(config) {
      serving = config.command === "serve";
    },
    buildStart() {
      if (serving) return;
      reference = this.emitFile({ type: "asset", name: "color-scheme.js", source: readFileSync(file, "utf8") });
    },
    transformIndexHtml: {
      order: "post",
      handler(_html, context) {
        const bundled = Object.values(context.bundle ?? {}).find(
          (output) => output.type === "asset" && output.names.includes("color-scheme.js"),
        );
        const src = bundled ? `/${bundled.fileName}` : "/src/color-scheme.js";
        if (!serving && !bundled) throw new Error(`color-scheme.js (${reference}) is missing from the bundle`);
        return [{ tag: "script", attrs: { src }, injectTo: "head-prepend" }];
      },
    },
  };
}
