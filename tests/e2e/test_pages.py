"""How much of the page comes before anything is seen."""

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Response, expect

from tests.e2e.browsing import Owner, chromium_running, sign_in, visiting
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

BUDGET_BYTES = 350_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def test_the_first_load_of_the_page_is_small(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        home, cookies = page.url, page.context.storage_state()
    with visiting(browser, Owner(site.url, cookies)) as page:
        scripts: dict[str, Response] = {}
        page.on("response", lambda response: response.url.endswith(".js") and scripts.update({response.url: response}))
        page.goto(home)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        sizes = {url.rpartition("/")[2]: len(gzip.compress(script.body())) for url, script in scripts.items()}
        assert sizes, "no script was loaded: was it cached?"
        assert sum(sizes.values()) <= BUDGET_BYTES, sorted(sizes.items(), key=lambda item: -item[1])[:10]
