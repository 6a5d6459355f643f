"""Certificates: checked for the name and not for the address that is dialled, unless an author says otherwise."""

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agents.egress import EgressRules, PublicTransport, fetch
from agents.egress.transport import _tls
from tests.agents.standin import Names

NAME, OTHER = "name.example", "other.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of `name.example` that signs itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "name.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    _tls.cache_clear()
    yield
    _tls.cache_clear()


@asynccontextmanager
async def serving(certificate: Path) -> AsyncIterator[tuple[int, list[str | None]]]:
    """Run a server with the certificate; it keeps the names that it is asked for."""
    asked: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda socket, name, used: asked.append(name)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        yield server.sockets[0].getsockname()[1], asked


def client_to(port: int, *, verify: bool = True) -> httpx.AsyncClient:
    names = Names({NAME: ["127.0.0.1"], OTHER: ["127.0.0.1"]})
    transport = PublicTransport(rules=EgressRules.read([f"127.0.0.1:{port}"]), resolve=names, verify=verify)
    return httpx.AsyncClient(transport=transport)


async def test_r29_the_certificate_is_checked_for_the_name(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving(certificate) as (port, asked):
        async with client_to(port) as client:
            assert (await fetch(client, f"https://{NAME}:{port}/")).body == b"here"
        async with client_to(port) as client:
            with pytest.raises(httpx.ConnectError, match="mismatch"):
                await fetch(client, f"https://{OTHER}:{port}/")
    assert asked == [NAME, OTHER]


async def test_a_certificate_that_nobody_signed_is_refused_unless_it_need_not_be_checked(certificate: Path) -> None:
    async with serving(certificate) as (port, _):
        async with client_to(port) as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await fetch(client, f"https://{NAME}:{port}/")
        async with client_to(port, verify=False) as client:
            assert (await fetch(client, f"https://{OTHER}:{port}/")).body == b"here"
