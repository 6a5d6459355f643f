"""What a person does with a prompt: variants compared on one question, a variable renamed everywhere, examples kept."""

import json
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import ANSWER_TIMEOUT_MS, Owner, app_make, chromium_running, instruct, shoot, sign_in, visiting
from tests.e2e.conftest import Site, ok

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


def publish(page: Page) -> None:
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("button", name="Publish now").click()
    expect(page.get_by_text("is live.", exact=False).first).to_be_visible()


def saved(page: Page) -> None:
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def unfold(page: Page, section: str) -> Locator:
    """Open a section of the left column."""
    found = page.get_by_role("region", name=section, exact=True)
    head = found.get_by_role("button", name=section).first
    if head.get_attribute("aria-expanded") == "false":
        head.click()
    return found


def column(page: Page, key: str) -> Locator:
    return page.get_by_role("region", name=f"Column {key}", exact=True)


def answered(page: Page, key: str) -> str:
    """Wait for the end of a column's answer; returns what it says, without times and buttons."""
    answer = column(page, key).get_by_role("article", name="Answer").last
    expect(answer).to_have_attribute("aria-busy", "false", timeout=ANSWER_TIMEOUT_MS)
    expect(answer.get_by_role("alert")).to_have_count(0)
    expect(answer).to_contain_text("to first token")
    return answer.inner_text().splitlines()[0]


def columns_of(page: Page) -> list[dict[str, str]]:
    """Return the comparison that stands in the address."""
    columns: list[dict[str, str]] = json.loads(unquote(page.url.partition("#compare=")[2]))
    return columns


def app_id_of(page: Page) -> str:
    return page.url.partition("/apps/")[2].partition("/")[0]


def test_two_prompts_are_compared_and_both_answers_are_there_after_a_reload(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        app_make(page, "Compared", "Chat")
        instruct(page, "Answer in English.", 24)
        saved(page)
        publish(page)
        instruct(page, "Answer in one word.", 24)
        saved(page)

        page.get_by_label("Compare", exact=True).check(force=True)
        expect(page.get_by_label("Version of column B").and_(page.locator("input"))).to_have_value("Version 1")
        page.get_by_role("button", name="Settings of column B").click()
        page.get_by_role("dialog").get_by_role("textbox", name="Instructions").fill("Answer as a pirate.")
        page.keyboard.press("Escape")
        page.get_by_role("textbox", name="Your message").fill("What is the sea?")
        page.get_by_role("button", name="Send").click()
        said = {key: answered(page, key) for key in "AB"}
        shoot(page, "build-compare")

        assert all(said.values())
        page.reload()
        assert {key: answered(page, key) for key in "AB"} == said
        expect(page.get_by_role("button", name="Settings of column B")).to_be_visible()

        kept = {each["key"]: each for each in columns_of(page)}
        assert kept["B"]["prompt"] == "Answer as a pirate."
        path = f"/apps/{app_id_of(page)}"
        with site.console() as console:
            for each in kept.values():
                messages = ok(console.get(f"{path}/conversations/{each['conversation']}/messages"))["results"]
                assert [message["query"] for message in messages] == ["What is the sea?"]
            assert ok(console.get(f"{path}/draft"))["prompt"] == "Answer in one word."

        page.get_by_role("button", name="Use column B in the draft").click()
        saved(page)
        page.get_by_label("Compare", exact=True).uncheck(force=True)
        page.reload()
        expect(page.get_by_role("textbox", name="Instructions")).to_have_text("Answer as a pirate.")
        assert "#" not in page.url


def test_a_variable_is_renamed_in_every_text_and_the_rename_is_taken_back(site: Site, browser: Browser) -> None:
    # A text may name a variable before there is one: the draft is refused until it is added.
    with visiting(browser, Owner(site.url), refused=400) as page:
        sign_in(page)
        app_make(page, "Renamed", "Chat")
        page.get_by_role("textbox", name="Instructions").fill("You help {{who}}.")
        page.get_by_role("button", name="Add", exact=True).click()
        examples = unfold(page, "Examples")
        examples.get_by_role("button", name="Add example").click()
        examples.get_by_role("textbox", name="Question").fill("I am {{who}}.")
        examples.get_by_role("textbox", name="Answer").fill("Hello {{who}}!")
        unfold(page, "Conversation").get_by_role("textbox", name="Opening statement").fill("Welcome {{who}}.")
        saved(page)

        variables = unfold(page, "Variables")
        variables.get_by_role("textbox", name="Variable name").fill("client")
        page.keyboard.press("Enter")
        expect(page.get_by_text("who is now client, in 4 places")).to_be_visible()
        saved(page)
        page.reload()
        expect(page.get_by_role("textbox", name="Instructions")).to_have_text("You help {{client}}.")
        with site.console() as console:
            draft = ok(console.get(f"/apps/{app_id_of(page)}/draft"))
        assert draft["examples"] == [{"user": "I am {{client}}.", "assistant": "Hello {{client}}!"}]
        assert draft["opening_statement"] == "Welcome {{client}}."
        assert [variable["name"] for variable in draft["variables"]] == ["client"]

        name = unfold(page, "Variables").get_by_role("textbox", name="Variable name")
        name.fill("guest")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("textbox", name="Instructions")).to_have_text("You help {{client}}.")
        expect(name).to_have_value("client")
        saved(page)
        page.get_by_label("client").last.fill("Ada")
        expect(page.get_by_text("Welcome Ada.")).to_be_visible()
        page.get_by_role("textbox", name="Your message").fill("Who am I?")
        page.get_by_role("button", name="Send").click()
        answer = page.get_by_role("article", name="Answer").last
        expect(answer).to_have_attribute("aria-busy", "false", timeout=ANSWER_TIMEOUT_MS)
        expect(answer.get_by_role("alert")).to_have_count(0)


def test_publishing_shows_what_changes_of_the_live_version(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        app_make(page, "Changed", "Completion")
        publish(page)
        page.get_by_role("textbox", name="Instructions").fill("Translate {{query}} into French.")
        saved(page)
        page.get_by_role("button", name="Changes since version 1").click()
        expect(page.locator(".cm-deletedChunk").first).to_contain_text("{{query}}")
        page.get_by_role("button", name="Publish", exact=True).click()
        changes = page.get_by_role("region", name="Changes since version 1")
        expect(changes.get_by_role("button", name="Instructions")).to_be_visible()
        expect(changes).to_contain_text("into French.")
        page.get_by_role("button", name="Publish now").click()
        expect(page.get_by_text("Version 2 is live").first).to_be_visible()


def test_a_refused_draft_is_not_left_behind_unasked(site: Site, browser: Browser) -> None:
    with visiting(browser, Owner(site.url), refused=400) as page:
        sign_in(page)
        app_make(page, "Refused", "Chat")
        page.get_by_role("textbox", name="Instructions").fill("You help {{nobody}}.")
        expect(page.get_by_text("Not saved: try again")).to_be_visible()
        page.get_by_role("navigation", name="Main navigation").get_by_role("link", name="Runs", exact=True).click()
        asked = page.get_by_role("dialog", name="Leave without saving?")
        expect(asked).to_contain_text("nobody")
        asked.get_by_role("button", name="Stay and mend").click()
        page.get_by_role("button", name="Add", exact=True).click()
        saved(page)
        page.get_by_role("navigation", name="Main navigation").get_by_role("link", name="Runs", exact=True).click()
        page.wait_for_url("**/runs")
