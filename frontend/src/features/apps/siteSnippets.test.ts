/** What an author copies runs as it is, whatever the app is called. */
import { expect, test } from "vitest";
import { embedSnippet, originsOf } from "./siteSnippets";

const site = { code: "abc2345", color: "#0b6b63" };

test("a name with quotes and tags stays inside its attribute", () => {
  for (const kind of ["bubble", "frame"] as const) {
    const holder = document.createElement("div");
    holder.innerHTML = embedSnippet(kind, "https://a.example", site, '"><img src=x onerror=alert(1)> & co');
    expect(holder.querySelector("img")).toBeNull();
    const element = holder.querySelector("script, iframe");
    expect(element?.getAttribute(kind === "bubble" ? "data-label" : "title")).toBe('"><img src=x onerror=alert(1)> & co');
  }
});

test("origins are typed one a line or with commas, each counts once", () => {
  expect(originsOf("https://a.example\n https://b.example,https://a.example\n\n")).toEqual(["https://a.example", "https://b.example"]);
});
