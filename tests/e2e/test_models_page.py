"""The models page: a second model added from a file, loaded, talked to, unloaded, removed; a reload shows each."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from inference.config import builtin_models
from tests.e2e.browsing import Owner, chromium_running, sign_in, visiting
from tests.e2e.conftest import Site

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

NAME = "second-model"
SLOW_MS = 120_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def card(page: Page) -> Locator:
    return page.get_by_role("article", name=NAME)


def test_a_second_model_is_added_loaded_asked_unloaded_and_removed(site: Site, browser: Browser) -> None:
    given = builtin_models(Path("/nowhere"))[0].path
    with visiting(browser, Owner(site.url), refused=422) as page:
        sign_in(page)
        page.get_by_role("link", name="Models").first.click()
        expect(page.get_by_role("article", name="smollm2-135m-instruct")).to_contain_text("Loaded")

        engines = page.get_by_role("region", name="Engines")
        expect(engines.get_by_role("article", name="llama.cpp")).to_contain_text("Serves all-minilm-l6-v2")
        expect(engines.get_by_role("article", name="vLLM")).to_contain_text("./atelier engines install vllm")

        page.get_by_role("button", name="Add model").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("From a file").click()
        dialog.get_by_label("Path").fill("/etc/model.bin")
        dialog.get_by_role("button", name="Add", exact=True).click()
        expect(dialog).to_contain_text("pickle")
        engine = dialog.get_by_label("Engine").and_(dialog.locator("input"))
        engine.click()
        page.get_by_role("option", name="vLLM (not installed)").click()
        expect(dialog).to_contain_text("./atelier engines install vllm")
        expect(dialog.get_by_role("button", name="Add", exact=True)).to_be_disabled()
        engine.click()
        page.get_by_role("option", name="The usual one").click()
        dialog.get_by_label("Path").fill(str(given))
        dialog.get_by_label("Name here").fill(NAME)
        dialog.get_by_role("button", name="Add", exact=True).click()
        expect(card(page)).to_contain_text("Not loaded", timeout=SLOW_MS)
        expect(card(page)).to_contain_text("Q4_1")

        card(page).get_by_role("button", name="Load", exact=True).click()
        page.get_by_label("Context (tokens)").fill("1024")
        expect(page.get_by_role("dialog")).to_contain_text("Takes up to")
        page.get_by_role("dialog").get_by_role("button", name="Load", exact=True).click()
        expect(card(page)).to_contain_text(re.compile(r"Loaded.*in memory"), timeout=SLOW_MS)

        card(page).get_by_role("link", name="Try").click()
        page.get_by_label("Tokens at most").fill("12")
        page.get_by_role("textbox", name="Ask something").fill("Say hello.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_test_id("speed")).to_contain_text("tokens/s", timeout=SLOW_MS)
        expect(page.locator("[data-role=assistant]")).to_have_text(re.compile(r"Answer\S"))
        page.get_by_role("button", name="As curl").click()
        expect(page.get_by_text("curl -N")).to_contain_text(NAME)

        page.get_by_role("tab", name="Installed").click()
        card(page).get_by_role("button", name="Unload").click()
        expect(card(page)).to_contain_text("Not loaded", timeout=SLOW_MS)
        page.reload()
        expect(card(page)).to_contain_text("Not loaded")

        card(page).get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(card(page)).to_have_count(0)
        page.reload()
        expect(page.get_by_role("article", name="smollm2-135m-instruct")).to_be_visible()
        expect(card(page)).to_have_count(0)
