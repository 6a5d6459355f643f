"""When the web page is built again: at a changed source, not at what the build itself writes."""

from pathlib import Path

import pytest

from backend.cli import frontend


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(frontend, "FRONTEND", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.tsx").write_text("one")
    return tmp_path


def test_a_changed_or_renamed_source_changes_the_fingerprint(page: Path) -> None:
    seen = {frontend.fingerprint(frontend.sources())}
    (page / "src" / "main.tsx").write_text("two")
    seen.add(frontend.fingerprint(frontend.sources()))
    (page / "src" / "main.tsx").rename(page / "src" / "index.tsx")
    seen.add(frontend.fingerprint(frontend.sources()))
    assert len(seen) == 3


def test_generated_folders_do_not(page: Path) -> None:
    before = frontend.fingerprint(frontend.sources())
    for folder in frontend.GENERATED:
        (page / folder).mkdir()
        (page / folder / "x.js").write_text("x")
    assert frontend.fingerprint(frontend.sources()) == before


def test_a_page_without_its_stamp_is_not_current(page: Path) -> None:
    (page / "dist").mkdir()
    assert not frontend.is_current()
    (page / "dist" / ".atelier-fingerprint").write_text(frontend.fingerprint(frontend.sources()))
    assert frontend.is_current()
