"""XML that attacks its reader, and XML and HTML that are merely bad."""

import io
from pathlib import Path

import pytest

from rag.errors import MalformedDocumentError
from rag.extract.trees import iterate_xml, parse_html, parse_xml

LAUGHS = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
BILLION_LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x>&l12;</x>'.encode()


def external(path: Path) -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{path.as_uri()}">]><x>before &e; after</x>'.encode()


@pytest.mark.parametrize("repair", [False, True])
def test_external_entities_are_refused_and_never_read(repair: bool, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    with pytest.raises(MalformedDocumentError, match="declares entities") as caught:
        parse_xml(external(secret), "it", repair=repair)
    assert "CANARY" not in caught.value.message


@pytest.mark.parametrize("repair", [False, True])
def test_a_billion_laughs_are_refused(repair: bool) -> None:
    with pytest.raises(MalformedDocumentError, match="entit"):
        parse_xml(BILLION_LAUGHS, "it", repair=repair)


def test_entities_in_attributes_are_refused_as_well() -> None:
    data = f'<!DOCTYPE x [<!ENTITY l0 "ha">{LAUGHS}]><x a="&l12;"/>'.encode()
    with pytest.raises(MalformedDocumentError):
        parse_xml(data, "it")


def test_a_parameter_entity_of_another_file_is_not_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "evil.dtd"
    secret.write_text('<!ENTITY e "CANARY">')
    data = f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{secret.as_uri()}"> %p;]><x>&e;</x>'.encode()
    with pytest.raises(MalformedDocumentError, match="declares entities"):
        parse_xml(data, "it")


def test_streamed_xml_expands_nothing(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("CANARY")
    for data in (external(secret), BILLION_LAUGHS):
        texts = []
        try:
            for element in iterate_xml(io.BytesIO(data), "x", "it"):
                texts.append("".join(filter(None, (element.text, *[child.tail for child in element]))))
        except MalformedDocumentError:
            continue
        assert "CANARY" not in "".join(texts)
        assert "haha" not in "".join(texts)


def test_the_characters_of_a_standard_dtd_are_known_without_loading_it() -> None:
    data = b'<!DOCTYPE x SYSTEM "http://example.org/x.dtd"><x>a&nbsp;b<i>c</i>d&eacute;e</x>'
    assert "".join(parse_xml(data, "it").itertext()) == "a\u00a0bcdée"


def test_bad_xml_says_where_it_is_bad_and_can_be_repaired() -> None:
    data = b"<x>\n<a>one</a>\n<b>two</x>"
    with pytest.raises(MalformedDocumentError, match=r"it is no well-formed XML: .*line 3"):
        parse_xml(data, "it")
    assert "two" in "".join(parse_xml(data, "it", repair=True).itertext())


@pytest.mark.parametrize("data", [b"", b"   ", b"no xml at all", b"\x00\x01\x02"])
def test_what_is_no_xml_is_refused_also_when_it_may_be_repaired(data: bytes) -> None:
    for repair in (False, True):
        with pytest.raises(MalformedDocumentError):
            parse_xml(data, "it", repair=repair)


def test_streaming_does_not_pile_up_the_records_it_has_read() -> None:
    data = b"<rows>" + b"<row><c>1</c></row>" * 50_000 + b"</rows>"
    most = 0
    count = 0
    for element in iterate_xml(io.BytesIO(data), "row", "it"):
        parent = element.getparent()
        assert parent is not None
        most = max(most, len(parent))
        count += 1
    assert count == 50_000
    assert most < 5_000  # what libxml2 reads ahead


def test_html_is_believed_to_be_text_already() -> None:
    root = parse_html('<?xml version="1.0" encoding="koi8-r"?><meta charset="koi8-r"><p>Привет</p>')
    assert root is not None
    assert "Привет" in "".join(root.itertext())
    assert parse_html("") is None
