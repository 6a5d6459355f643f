"""XML files: records, prose, and articles of journals."""

from pathlib import Path

import pytest

from rag.errors import MalformedDocumentError
from tests.rag.extract.making import read_upload, text_of


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    return path


def test_records_are_paragraphs_of_names_and_values(tmp_path: Path) -> None:
    xml = (
        '<feed xmlns="urn:x"><channel><item id="7"><name>Lid</name><price>5</price></item><!-- no -->'
        "<item><name>Pot</name><size><width>3</width></size><empty/></item></channel></feed>"
    )
    assert text_of(saved(tmp_path, xml)) == (
        "item:\n  id: 7\n  name: Lid\n  price: 5\n\nitem:\n  name: Pot\n  size:\n    width: 3"
    )


def test_prose_with_marked_words_stays_one_line(tmp_path: Path) -> None:
    assert (
        text_of(saved(tmp_path, "<doc><p>One <b>bold</b> word.</p><p>Two</p></doc>")) == "p: One bold word.\n\np: Two"
    )


def test_an_article_of_a_journal_reads_like_one(tmp_path: Path) -> None:
    xml = """<!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "JATS.dtd"><article><front>
    <journal-meta><p>no</p></journal-meta>
    <article-meta><article-id>10.1</article-id><title-group><article-title>On <italic>kettles</italic></article-title>
    </title-group><contrib-group><contrib contrib-type="author">
    <name><surname>Lee</surname><given-names>Ann</given-names>
    </name></contrib></contrib-group><abstract><p>Short.</p></abstract></article-meta></front><body><sec><title>Methods</title>
    <p>We boiled<xref>1</xref> H<sub>2</sub>O.<fig><label>Figure 1.</label><caption><p>A kettle.</p></caption></fig></p>
    <sec><title>Detail</title><table-wrap><label>Table 1</label><caption><p>Parts</p></caption>
    <table><tr><th>a</th><th>b</th></tr>
    <tr><td>1</td><td>2</td></tr></table></table-wrap><list><list-item><p>Item</p></list-item></list></sec></sec></body>
    <back><ref-list><title>References</title>
    <ref><mixed-citation>Doe 2020</mixed-citation></ref></ref-list></back></article>"""
    extraction = read_upload(saved(tmp_path, xml))
    assert extraction.title == "On kettles"
    assert extraction.pages[0].text == (
        "# On kettles\n\nAuthors: Ann Lee\n\n## Abstract\n\nShort.\n\n## Methods\n\nWe boiled1 H2O.\n\n"
        "Figure 1. A kettle.\n\n"
        "### Detail\n\nTable 1 Parts\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n- Item\n\n## References\n\n- Doe 2020"
    )


def test_broken_xml_says_where(tmp_path: Path) -> None:
    with pytest.raises(MalformedDocumentError, match=r"the file is no well-formed XML: .*line 2"):
        read_upload(saved(tmp_path, "<a>\n<b></a>"))


def test_entities_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    with pytest.raises(MalformedDocumentError, match="declares entities"):
        read_upload(saved(tmp_path, f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret.as_uri()}">]><a>&e;</a>'))


def test_xml_in_its_declared_encoding_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes('<?xml version="1.0" encoding="windows-1251"?><a>Привет</a>'.encode("cp1251"))
    assert text_of(path) == "a: Привет"
    path.write_bytes('<?xml version="1.0" encoding="utf-16"?><a>你好</a>'.encode("utf-16"))
    assert text_of(path) == "a: 你好"
