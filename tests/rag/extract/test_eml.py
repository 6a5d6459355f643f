"""Mails, well formed and not."""

from email.message import EmailMessage
from pathlib import Path

import pytest

from rag.errors import EmptyDocumentError, RagError
from tests.rag.extract.making import read_upload, text_of


def saved(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "a.eml"
    path.write_bytes(data)
    return path


def mail(subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ann <ann@example.org>", "bob@example.org", subject
    message.set_content(text)
    return message


def test_headers_text_attachments_and_forwarded_mails_are_told(tmp_path: Path) -> None:
    message = mail("Привет, мир", "Plain words.\n")
    message.add_alternative("<p>HTML words.</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Отчёт 2026.pdf")
    message.add_attachment(mail("Inner", "Inner words."))
    extraction = read_upload(saved(tmp_path, message.as_bytes()))
    assert extraction.title == "Привет, мир"
    text = extraction.pages[0].text
    assert text.startswith("From: Ann <ann@example.org>\nTo: bob@example.org\nSubject: Привет, мир\n\nPlain words.")
    assert "HTML words" not in text
    assert "Attachments: Отчёт 2026.pdf" in text
    assert text.endswith("Subject: Inner\n\nInner words.")


def test_a_mail_of_html_alone_is_read_as_markdown(tmp_path: Path) -> None:
    message = mail("Prices", "x")
    message.set_content(
        "<h1>Prices</h1><ul><li>Lid 5 €</li></ul><img src='https://track.example/1.gif'>", subtype="html"
    )
    assert text_of(saved(tmp_path, message.as_bytes())).endswith("# Prices\n\n- Lid 5 €")


def outcome(path: Path) -> str | int:
    try:
        return "text" if text_of(path).strip() else "nothing"
    except RagError as error:
        return error.http_status


@pytest.mark.parametrize(
    "header", ["text/plain; charset=utf-8", "text/plain; charset=no-such", "text/plain; charset=rot13", "text/plain"]
)
def test_a_wrong_or_missing_charset_is_found_out(header: str, tmp_path: Path) -> None:
    data = f"Subject: x\nContent-Type: {header}\nContent-Transfer-Encoding: 8bit\n\n".encode()
    text = "Гарантия на чайник действует два года."
    assert text in text_of(saved(tmp_path, data + text.encode("cp1251")))


@pytest.mark.parametrize(
    "data",
    [
        b"Subject: =?utf-8?B?broken",
        b"Subject: =?no-such?Q?=41?=\n\nText.",
        b"Content-Type: multipart/mixed\n\nno boundary",
        b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain\n\nnever closed",
        b"Content-Transfer-Encoding: base64\n\n!!!not base64!!!",
        b'Content-Type: text/plain; name="=?x?y?z?="; charset="\xff\xfe"\n\nText.',
        b"Content-Type: message/rfc822\n\n",
        b"no headers at all, only words",
        b"From: \xff\xfe\xfd\nSubject: caf\xe9\n\nText.",
    ],
)
def test_malformed_mails_give_text_or_a_reason(data: bytes, tmp_path: Path) -> None:
    assert outcome(saved(tmp_path, data)) in ("text", 422)


def test_parts_nested_without_end_do_no_harm(tmp_path: Path) -> None:
    data = b"Subject: deep\n"
    for at in range(2000):
        data += f"Content-Type: multipart/mixed; boundary=b{at}\n\n--b{at}\n".encode()
    assert outcome(saved(tmp_path, data + b"\nText.")) in ("text", 422)


def test_an_empty_mail_is_refused_at_upload(tmp_path: Path) -> None:
    with pytest.raises(EmptyDocumentError):
        read_upload(saved(tmp_path, b"\n \n\n"))
