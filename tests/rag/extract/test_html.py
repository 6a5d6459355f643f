"""HTML: what is kept, what is left out, and how little bad pages do."""

from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError
from rag.extract.html import decode_html, known_codec
from tests.rag.extract.making import read_upload, text_of


def page(tmp_path: Path, html: str, *, encoding: str = "utf-8") -> Path:
    path = tmp_path / "page.html"
    path.write_bytes(html.encode(encoding))
    return path


def test_headings_lists_links_and_tables_become_markdown(tmp_path: Path) -> None:
    html = """<title>Kettle</title><h1>Kettle <em>K2</em></h1><p>See the <a href="https://x">manual</a>.</p>
    <ul><li>One<ul><li>Inner</li></ul></li><li>Two</li></ul><ol start=3><li>Three<p>more</p></li></ol>
    <table><tr><th>Part</th><th>Price</th></tr><tr><td rowspan=2>Lid</td><td>5|6</td></tr><tr><td>7</td></tr></table>
    <pre>a  b\n  c</pre>"""
    extraction = read_upload(page(tmp_path, html))
    assert extraction.title == "Kettle"
    assert extraction.pages[0].text == (
        "# Kettle K2\n\nSee the manual.\n\n- One\n  - Inner\n- Two\n3. Three\n   more\n\n"
        "| Part | Price |\n| --- | --- |\n| Lid | 5\\|6 |\n| Lid | 7 |\n\n```\na  b\n  c\n```"
    )


def test_what_surrounds_the_content_is_left_out(tmp_path: Path) -> None:
    html = """<nav>Menu</nav><header><a>Logo</a></header><div role="banner">Ad</div>
    <script>evil()</script><style>p{}</style><noscript>No script</noscript><template>T</template>
    <p style="display: none">Hidden</p><p hidden>Hidden</p><p aria-hidden="true">Hidden</p>
    <article><header><h1>Title</h1>By Ann</header><p>Content.</p><footer>Source</footer></article>
    <aside>Related</aside><form><button>Send</button><input value="x"></form><footer>Imprint</footer>"""
    assert text_of(page(tmp_path, html)) == "# Title\n\nBy Ann\n\nContent.\n\nSource"


def test_main_is_the_content_only_when_it_has_the_text(tmp_path: Path) -> None:
    around = "<div>Sidebar words.</div>"
    assert text_of(page(tmp_path, f"{around}<main><p>{'Content. ' * 9}</p></main>")) == ("Content. " * 9).strip()
    assert "Sidebar words." in text_of(page(tmp_path, f"{around * 9}<main><p>Little.</p></main>"))


def test_a_table_for_layout_is_read_cell_by_cell_and_tables_in_it_stay_tables(tmp_path: Path) -> None:
    inner = "<table><tr><td>a</td><td>b</td></tr><tr><td>1</td><td>2</td></tr></table>"
    html = f"<table><tr><td>Left column</td><td><h2>Right</h2>{inner}</td></tr></table>"
    assert text_of(page(tmp_path, html)) == "Left column\n\n## Right\n\n| a | b |\n| --- | --- |\n| 1 | 2 |"


def test_spans_that_would_fill_the_memory_are_bounded(tmp_path: Path) -> None:
    html = "<table>" + '<tr><td colspan="999999" rowspan="999999">x</td><td>y</td></tr>' * 50 + "</table>"
    assert len(text_of(page(tmp_path, html))) < 200_000


def test_pictures_are_named_in_a_warning_and_their_bytes_stay_out(tmp_path: Path) -> None:
    html = '<p>Text</p><img src="data:image/png;base64,AAAA"><img src="https://example.org/a.png" alt="x">'
    extraction = read_upload(page(tmp_path, html))
    assert extraction.pages[0].text == "Text"
    assert extraction.warnings == ("2 pictures were left out",)


def test_deep_nesting_keeps_its_text(tmp_path: Path) -> None:
    for tag in ("div", "b", "table><tr><td", "ul><li", "blockquote"):
        text = text_of(page(tmp_path, f"<p>before</p>{f'<{tag}>' * 400}deep"))
        assert text.startswith("before")
        assert "deep" in text
    assert text_of(page(tmp_path, f"<p>before</p>{'<div>' * 100_000}lost")) == "before"


def test_a_page_without_text_is_empty(tmp_path: Path) -> None:
    for html in ("<p></p>", "<!-- only a comment -->", "<html></html>"):
        with pytest.raises(EmptyDocumentError):
            read_upload(page(tmp_path, html))


@pytest.mark.parametrize(
    ("text", "encoding", "declared"),
    [
        ("Привет", "cp1251", '<meta charset="windows-1251">'),
        ("Привет", "koi8_r", '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">'),
        ("你好", "gbk", '<meta charset="gb2312">'),
        ("「€」", "utf-8", '<meta charset="utf-8">'),
        ("it’s", "cp1252", '<meta charset="iso-8859-1">'),
        ("Привет", "utf-16", '<meta charset="utf-8">'),
        ("Words", "utf-16-le", ""),
        ("Гарантия", "cp1251", '<meta charset="utf-8">'),
        ("Гарантия", "cp1251", '<meta charset="no-such-thing">'),
        ("Гарантия", "cp1251", '<meta charset="base64">'),
    ],
)
def test_a_page_is_decoded_by_what_it_declares_unless_that_is_wrong(text: str, encoding: str, declared: str) -> None:
    assert text in decode_html(f"<html><head>{declared}</head><p>{text}</p>".encode(encoding))


def test_only_encodings_of_text_are_known() -> None:
    assert known_codec("ISO-8859-1") == "cp1252"
    assert known_codec("rot13") is None
    assert known_codec("zlib") is None
