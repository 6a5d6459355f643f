"""R28: what must not be reached, in every spelling that somebody has tried; and what a rule lets through."""

import ipaddress
from collections.abc import Sequence

import httpx
import pytest

from agents.egress import EgressRefused, EgressRules, PublicTransport, fetch
from agents.egress.rules import Place
from tests.agents.egress.test_door import Recorder, saying
from tests.agents.standin import PUBLIC, Names

METADATA = ["169.254.169.254"]
KNOWN = {
    "metadata.google.internal": METADATA,
    "metadata": METADATA,
    "instance-data": METADATA,
    "intranet.corp": ["10.1.2.3"],
    "printer.local": ["192.168.1.77"],
    "router": ["192.168.0.1"],
    "kubernetes.default.svc": ["10.96.0.1"],
    "host.docker.internal": ["172.17.0.1"],
    "mixed.example": [PUBLIC, "10.0.0.8"],
    "six.example": ["2606:4700:4700::1111", "fd00::1"],
    "zone.example": ["fe80::1%eth0"],
}
CORPUS = [
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://127.127.127.127/", "http://0/", "http://0.0.0.0/",
    "http://0x7f000001/", "http://0x7f.0.0.1/", "http://0x7f.1/", "http://0177.0.0.1/", "http://017700000001/",
    "http://2130706433/", "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/", "http://[0:0:0:0:0:ffff:127.0.0.1]/", "http://[::127.0.0.1]/", "http://localhost/",
    "http://LOCALHOST/", "http://localhost./", "http://a.localhost/", "http://127.0.0.1./", "http://localhost:80/",
    "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.255/", "http://192.168.1.1/", "http://0xa.1/",
    "http://100.64.0.1/", "http://100.100.100.200/", "http://198.18.0.1/", "http://198.19.255.255/",
    "http://192.0.0.192/", "http://168.63.129.16/", "http://192.0.2.1/", "http://224.0.0.1/", "http://240.0.0.1/",
    "http://255.255.255.255/", "http://[fe80::1]/", "http://[fd00::1]/", "http://[fc00::1]/", "http://[fec0::1]/",
    "http://[fd00:ec2::254]/", "http://[ff02::1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[2002:7f00:1::]/", "http://[2001:0:a9fe:a9fe::1]/", "http://169.254.169.254/latest/meta-data/",
    "http://0xa9fea9fe/", "http://2852039166/", "http://0251.0376.0251.0376/", "http://0xa9.0xfe.0xa9.0xfe/",
    "http://[::ffff:169.254.169.254]/", "http://[::ffff:a9fe:a9fe]/", "http://169.254.43518/",
    "http://169.16689662/", "http://metadata.google.internal/", "http://METADATA.google.internal./",
    "http://metadata/", "http://instance-data/latest", "http://intranet.corp/", "http://printer.local/",
    "http://router/", "http://kubernetes.default.svc/", "http://host.docker.internal/", "http://mixed.example/",
    "http://six.example/", "http://zone.example/", "http://127.0.0.1.nip.io/", "http://app.10.0.0.1.nip.io/",
    "http://a9fea9fe.nip.io/", "http://127-0-0-1.sslip.io/", "http://192-168-1-1.sslip.io/",
    "http://example.org@127.0.0.1/", "http://127.0.0.1@example.org/", "http://user:pass@example.org/",
    "https://169.254.169.254/", "gopher://example.org/_", "file:///etc/passwd", "ftp://example.org/",
    "dict://example.org/", "ldap://example.org/", "data:text/plain,hi", "ws://example.org/", "jar:http://example.org!/",
    "http://example.org:22/", "http://example.org:25/", "http://example.org:3306/", "http://example.org:5432/",
    "http://example.org:6379/", "http://example.org:11211/", "https://example.org:2375/", "http://example.org:8001/",
    "http://1.1.1.1:9200/", "http://[2606:4700:4700::1111]:53/",
]  # fmt: skip
REFUSED = (EgressRefused, httpx.UnsupportedProtocol, httpx.InvalidURL)
UNREADABLE = (*REFUSED, httpx.RemoteProtocolError)


def client_of(inner: httpx.AsyncBaseTransport, rules: EgressRules | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=PublicTransport(rules=rules or EgressRules(), resolve=Names(KNOWN), inner=inner))


def test_r28_the_corpus_is_large() -> None:
    assert len(set(CORPUS)) >= 60


@pytest.mark.parametrize("url", CORPUS)
async def test_r28_the_address_is_refused_and_nothing_is_dialled(url: str) -> None:
    inner = Recorder()
    async with client_of(inner) as client:
        with pytest.raises(REFUSED):
            await fetch(client, url)
    assert not inner.requests


@pytest.mark.parametrize("url", CORPUS)
async def test_r28_no_redirect_leads_there_either(url: str) -> None:
    inner = Recorder(httpx.Response(302, headers={"location": url}), saying("inside"))
    async with client_of(inner) as client:
        with pytest.raises(UNREADABLE):
            await fetch(client, "https://example.org/")
    assert [request.url.host for request in inner.requests] == [PUBLIC]


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "https://example.org:8443/x", "http://1.1.1.1:8080/", "http://[2606:4700:4700::1111]/",
     "http://8.8.8.8.nip.io/", "http://EXAMPLE.org./", "http://bücher.example/"],
)  # fmt: skip
async def test_r28_what_is_public_is_reached_so_that_refusals_mean_something(url: str) -> None:
    inner = Recorder()
    async with client_of(inner) as client:
        assert (await fetch(client, url)).body == b"here"
    assert len(inner.requests) == 1


@pytest.mark.parametrize(
    ("allow", "deny", "only_listed", "url", "is_reached"),
    [
        (["10.1.0.0/16"], [], False, "http://intranet.corp/", True),
        (["10.1.0.0/16"], [], False, "http://intranet.corp:9200/", True),
        (["10.1.0.0/16:9200"], [], False, "http://intranet.corp:9200/", True),
        (["10.1.0.0/16:9200"], [], False, "http://intranet.corp/", False),
        (["10.2.0.0/16"], [], False, "http://intranet.corp/", False),
        (["intranet.corp"], [], False, "http://intranet.corp/", True),
        (["Intranet.CORP:443"], [], False, "https://intranet.corp/", True),
        (["*.corp"], [], False, "http://intranet.corp/", False),
        (["*.org"], [], False, "http://example.org:9200/", True),
        (["example.org:9200"], [], False, "http://example.org:9200/", True),
        (["example.org:9200"], [], False, "http://example.org:9201/", False),
        (["0.0.0.0/0", "::/0"], [], False, "http://169.254.169.254/", False),
        (["metadata"], [], False, "http://metadata/", False),
        (["100.64.0.0/10"], [], False, "http://100.100.100.200/", False),
        (["100.64.0.0/10"], [], False, "http://100.64.0.1/", True),
        (["169.254.169.254"], [], False, "http://169.254.169.254/", True),
        (["10.0.0.0/8"], [], False, "http://mixed.example/", True),
        ([], ["example.org"], False, "http://example.org/", False),
        ([], ["example.org"], False, "http://www.example.org/", True),
        ([], ["*.example.org"], False, "http://www.example.org/", False),
        ([], ["example.org:443"], False, "http://example.org/", True),
        ([], ["93.184.0.0/16"], False, "http://example.org/", False),
        (["example.org"], ["93.184.0.0/16"], False, "http://example.org/", False),
        (["api.example.org"], [], True, "https://api.example.org/", True),
        (["api.example.org"], [], True, "https://example.org/", False),
        (["api.example.org"], [], True, "http://1.1.1.1/", False),
        (["*.example.org"], [], True, "http://a.b.example.org./", True),
        (["93.184.215.0/24"], [], True, "http://example.org/", True),
        ([], [], True, "http://example.org/", False),
    ],
)
async def test_the_lists_of_a_workspace_decide(
    allow: list[str], deny: list[str], only_listed: bool, url: str, is_reached: bool
) -> None:
    inner = Recorder()
    async with client_of(inner, EgressRules.read(allow, deny, only_listed=only_listed)) as client:
        if is_reached:
            await fetch(client, url)
        else:
            with pytest.raises(EgressRefused, match=r"administrator|never reaches"):
                await fetch(client, url)
    assert bool(inner.requests) == is_reached


@pytest.mark.parametrize(
    "text",
    ["", "http://example.org", "example.org/path", "10.0.0.0/33", "10.1.2.3/8", "127.1", "0x7f.1", "*", "*.", "a..b",
     "example.org:0", "example.org:99999", "-a.org", "user@host", "fd00::zz", "a b", "*.*.org", "ex*mple.org"],
)  # fmt: skip
def test_what_is_no_place_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"write|host|port"):
        Place.read(text)


def test_places_are_read_as_people_write_them() -> None:
    assert Place.read(" API.Example.org ") == Place(host="api.example.org")
    assert Place.read("*.example.org:8080") == Place(host="*.example.org", port=8080)
    assert Place.read("10.0.0.0/8:9200") == Place(network=ipaddress.ip_network("10.0.0.0/8"), port=9200)
    assert Place.read("fd00::/8") == Place(network=ipaddress.ip_network("fd00::/8"))
    assert Place.read("[fd00::1]:8080") == Place(network=ipaddress.ip_network("fd00::1"), port=8080)
    assert Place.read("bücher.example") == Place(host="xn--bcher-kva.example")


async def test_rules_that_are_asked_for_are_asked_once_per_client() -> None:
    asked: list[int] = []

    async def rules() -> EgressRules:
        asked.append(1)
        return EgressRules.read(deny=["example.org"])

    async with httpx.AsyncClient(transport=PublicTransport(rules=rules, resolve=Names(), inner=Recorder())) as client:
        for _ in range(2):
            with pytest.raises(EgressRefused):
                await fetch(client, "http://example.org/")
    assert len(asked) == 1


class Flaky(Recorder):
    """Cannot connect to some addresses."""

    def __init__(self, dead: Sequence[str]) -> None:
        super().__init__()
        self.dead = dead

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await super().handle_async_request(request)
        if request.url.host in self.dead:
            raise httpx.ConnectError("no route")
        return answer


async def test_an_address_that_does_not_answer_gives_way_to_the_next_that_was_checked() -> None:
    two = Names({"two.example": ["2606:4700:4700::1111", PUBLIC]})
    inner = Flaky(["2606:4700:4700::1111"])
    async with httpx.AsyncClient(transport=PublicTransport(resolve=two, inner=inner)) as client:
        assert (await fetch(client, "http://two.example/")).body == b"here"
    assert [request.url.host for request in inner.requests] == ["2606:4700:4700::1111", PUBLIC]
    assert two.asked == ["two.example"]
