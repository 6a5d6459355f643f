"""What does not fit: a page wider than its window, and labels that are cut off."""

from playwright.sync_api import Page

LOOKS, BETWEEN_LOOKS_MS = 10, 200

MEASURE = """() => {
  const lines = [];
  const root = document.documentElement;
  if (root.scrollWidth > window.innerWidth) {
    const right = (element) => element.getBoundingClientRect().right;
    const [widest] = [...document.body.querySelectorAll("*")].sort((one, other) => right(other) - right(one));
    lines.push(`the page is ${root.scrollWidth} px wide: ${widest.outerHTML.slice(0, 160)}`);
  }
  const labels = "button, [role=tab], .mantine-Button-label, .mantine-Tabs-tabLabel, th, label, legend, " +
    ".mantine-SegmentedControl-label, .mantine-NavLink-label";
  for (const element of document.querySelectorAll(labels)) {
    const box = element.getBoundingClientRect();
    const isSeen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    if (!isSeen || box.width < 2 || box.height < 2 || !element.innerText?.trim()) continue;
    const over = element.scrollWidth - element.clientWidth;
    if (over > 1 && getComputedStyle(element).display !== "inline") {
      const what = element.tagName.toLowerCase() + " " + element.className.toString().slice(0, 60);
      lines.push(`${what} is ${over} px too long: ${element.innerText.slice(0, 60)}`);
    }
  }
  return [...new Set(lines)];
}"""


def overflowing(page: Page) -> list[str]:
    """Return a line for the page if it is wider than its window, and for each label that is.

    A window that was just made smaller is laid out a moment later: what does not fit then either, does not fit.
    """
    for _ in range(LOOKS):
        if not (lines := list(page.evaluate(MEASURE))):
            return []
        page.wait_for_timeout(BETWEEN_LOOKS_MS)
    return lines
