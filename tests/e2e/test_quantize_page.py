"""The quantize page: a tiny folder of weights in 8 bits, its table and plot, and the result in an app that answers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import (
    NARROW,
    WIDE,
    Owner,
    app_make,
    ask,
    choose,
    chromium_running,
    instruct,
    shoot,
    sign_in,
    visiting,
)
from tests.e2e.conftest import Site, ok, until
from tests.inference.tiny_models import write_folder

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MODEL = "tiny-weights"
MADE = f"{MODEL}-q8_0"
APP = "In 8 bits"
JOB_MS = 240_000
SLOW_MS = 120_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium_running() as running:
        yield running


@pytest.fixture
def tidy(site: Site) -> Iterator[None]:
    """Other tests count on one chat model: what was made here goes."""
    yield
    with site.console() as console:
        for app in ok(console.get("/apps"))["results"]:
            if app["name"] == APP:
                console.delete(f"/apps/{app['id']}").raise_for_status()
        for model in (MADE, MODEL):
            console.post(f"/models/{model}/unload")  # a loaded one is not removed
            assert console.delete(f"/models/{model}").status_code in (200, 204, 404), f"{model} stays"


def open_quantize(page: Page) -> None:
    page.get_by_role("link", name="Models").first.click()
    page.get_by_role("tab", name="Quantize").click()


def model_add(site: Site, folder: Path) -> None:
    with site.console() as console:
        job = ok(console.post("/models", json={"path": str(folder), "id": MODEL}))
        until(
            lambda: ok(console.get(f"/model-jobs/{job['id']}"))["status"] == "finished",
            "adding the model",
            patience_s=180,
        )


def start(page: Page) -> None:
    """Choose the model and one type, and see what it will take."""
    page.get_by_role("button", name="Quantize a model").click()
    form = page.get_by_role("region", name="Quantize a model")
    form.get_by_label("Model").and_(form.locator("input")).click()
    page.get_by_role("option", name=re.compile(f"^{MODEL}")).click()
    for usual in ("q5_K_M", "q4_K_M"):
        form.get_by_role("checkbox", name=usual).uncheck()
    expect(form.get_by_text(re.compile("^about"))).to_have_count(1)  # of the one type that is still chosen
    expect(form).to_contain_text("of memory")
    form.get_by_role("checkbox", name="Calibrate with a text").uncheck()
    shoot(page, "quantize-form")
    form.get_by_role("button", name="Quantize", exact=True).click()


def read_report(page: Page) -> None:
    """The result is recommended, and lies left of its source in the plot."""
    report = page.get_by_role("region", name="Report")
    expect(report).to_contain_text("Finished", timeout=JOB_MS)
    expect(report.get_by_role("row")).to_have_count(3)
    expect(report.get_by_role("row").filter(has_text="q8_0")).to_contain_text("recommended")
    plot = report.get_by_role("img")
    source, made = (plot.locator(f"circle[data-type={kind}]").bounding_box() for kind in ("source", "q8_0"))
    assert source is not None
    assert made is not None
    assert made["x"] < source["x"], "half the size lies further left"


def load(page: Page) -> None:
    page.get_by_role("tab", name="Installed").click()
    card = page.get_by_role("article", name=MADE)
    card.get_by_role("button", name="Load", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Load", exact=True).click()
    expect(card).to_contain_text(re.compile(r"Loaded.*in memory"), timeout=SLOW_MS)


@pytest.mark.usefixtures("tidy")
def test_a_model_is_quantized_its_report_read_and_its_result_asked(
    site: Site, browser: Browser, tmp_path: Path
) -> None:
    model_add(site, write_folder(tmp_path / "weights", "llama"))
    with visiting(browser, Owner(site.url)) as page:
        sign_in(page)
        open_quantize(page)
        expect(page.get_by_text("No reports yet")).to_be_visible()
        start(page)
        running = page.get_by_role("region", name=f"{MODEL} is being quantized")
        # A bar of no width is not seen, and so small a model may be through before one looks.
        expect(running.or_(page.get_by_role("region", name="Report")).first).to_be_visible()
        read_report(page)

        page.reload()
        expect(page.get_by_role("region", name="Report")).to_contain_text(f"Installed as {MADE}")
        for name, size in (("wide", WIDE), ("narrow", NARROW)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                shoot(page, f"quantize-{name}-{scheme}")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})

        load(page)
        app_make(page, APP, "Chat")
        choose(page, "Model", MADE)
        instruct(page, "Be brief.", max_tokens=12)
        assert ask(page, "Say hello.").inner_text().strip()
        page.reload()
        expect(page.get_by_label("Model", exact=True).and_(page.locator("input")).first).to_have_value(MADE)
