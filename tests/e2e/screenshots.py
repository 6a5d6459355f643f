"""Takes the pictures in docs/screenshots: every page, 1440 and 390 px wide, light and dark, of a workspace it makes.

    python -m tests.e2e.screenshots --url http://127.0.0.1:8000 --email … --password … --token … [--only build,run]

The platform should be new: the pictures show whatever is in the workspace. `--keep FILE` remembers what was made,
and fills nothing the next time.
"""

import argparse
import io
import json
import sys
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, StorageState

from backend.embedded.home import REPOSITORY
from tests.e2e.browsing import NARROW, WIDE, Owner, chromium_running, sign_in, visiting
from tests.e2e.ferries import Ferries, ferries_make
from tests.e2e.places import PLACES, WITHOUT_ACCOUNT, Place

FOLDER = REPOSITORY / "docs" / "screenshots"
QUALITY, WORDS = 50, 60
LIMIT_BYTES = 3_000_000
# Each shows what its neighbours show, or nothing to look at.
LEFT_OUT = {
    "build-preview", "completion", "setup", "invitation", "not-found", "document-details", "embedded", "import",
    "template", "batches", "dataset-new", "evaluation-cases", "dataset-settings", "settings-profile",
    "settings-workspace", "settings-dataset-keys", "settings-secrets", "app-runs", "provider",
    "app-analytics", "analytics-times", "annotation", "experiments", "test-sets", "test-set", "evaluators", "evaluator",
    "settings-retention",
}  # fmt: skip


def small(picture: bytes, width: int) -> bytes:
    """Return the picture as a WebP, at most `width` pixels wide."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    if image.width > width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    image.save(written, "WEBP", quality=QUALITY, method=6)
    return written.getvalue()


def signed_in(browser: Browser, url: str, email: str, password: str) -> tuple[StorageState, str]:
    """Return the cookies of a person, and the workspace that they come to."""
    with visiting(browser, Owner(url)) as page:
        sign_in(page, email, password)
        return page.context.storage_state(), page.url.split("/w/")[1].split("/")[0]


def shoot(page: Page, place: Place, ferries: Ferries, size: str) -> int:
    """Take a place in both schemes; returns the bytes that were written."""
    written = 0
    place.visit(page, ferries)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of its literals
        page.locator(f"html[data-mantine-color-scheme={scheme}]").wait_for()
        page.mouse.move(0, 0)
        file = FOLDER / f"{place.name}-{size}-{scheme}.webp"
        file.write_bytes(small(page.screenshot(animations="disabled"), 1080 if size == "1440" else NARROW[0]))
        written += file.stat().st_size
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return written


def take(url: str, who: StorageState, ferries: Ferries, browser: Browser, only: set[str]) -> int:
    """Take every place; returns the bytes that were written."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    written = 0
    for size, (width, height) in (("1440", WIDE), ("390", NARROW)):
        for places, state in ((PLACES, who), (WITHOUT_ACCOUNT, None)):
            context = browser.new_context(
                base_url=url, storage_state=state, viewport={"width": width, "height": height},
                locale="en-US", reduced_motion="reduce",
            )  # fmt: skip
            page = context.new_page()
            for place in places:
                if place.name not in LEFT_OUT and place.fits(page) and (not only or place.name in only):
                    written += shoot(page, place, ferries, size)
                    sys.stderr.write(f"{place.name} at {size} px\n")
            context.close()
    return written


def main() -> int:
    """Fill the workspace, take the pictures, and end with 1 when they are too large."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("url", "email", "password", "token"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", default="", help="names of places, with commas")
    parser.add_argument("--keep", type=Path, help="a file to remember the made things in")
    asked = parser.parse_args()
    if asked.keep and asked.keep.exists():
        ferries = Ferries(json.loads(asked.keep.read_text()))
    else:
        headers = {"Authorization": f"Bearer {asked.token}"}
        with httpx.Client(base_url=f"{asked.url}/api/v1", headers=headers, timeout=60) as console:
            ferries = ferries_make(console, words=WORDS)
    with chromium_running() as browser:
        who, ferries.ids["workspace"] = signed_in(browser, asked.url, asked.email, asked.password)
        if asked.keep:
            asked.keep.write_text(json.dumps(ferries.ids))
        take(asked.url, who, ferries, browser, set(filter(None, asked.only.split(","))))
    total = sum(file.stat().st_size for file in FOLDER.glob("*.webp"))
    sys.stdout.write(f"{total / 1e6:.1f} MB in {FOLDER}\n")
    return int(total > LIMIT_BYTES)


if __name__ == "__main__":
    sys.exit(main())
