"""Workflows that speak to another server, with every byte that must arrive there: on the engine, and over HTTP."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agents.egress import EgressRules
from agents.events import Body
from agents.nodes.registry import NODES
from agents.ports import Ports
from tests.agents.fakes import ports_of
from tests.agents.nodes.cases import Case, run_case
from tests.agents.standin import (
    USER_AGENT,
    Entered,
    FakeEnvironment,
    KeptFiles,
    LoopbackWeb,
    ReadDocuments,
    Reply,
    Seen,
    StandIn,
    standing_in,
)

ORIGIN = "http://stand-in"
"""What a case writes for the address of the server, which is known only when it runs."""


@dataclass(frozen=True)
class WireCase:
    """A case, what the server answers by path, and the requests that arrive there in this order.

    `credentials` are what was entered for tools.
    """

    case: Case
    replies: Mapping[str, Reply] | Reply = field(default_factory=dict)
    requests: Sequence[str] = ()
    credentials: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.case.name

    def entered(self, origin: str) -> dict[str, dict[str, str]]:
        """Return the credentials with the server's address."""
        return {
            tool: {name: value.replace(ORIGIN, origin) for name, value in values.items()}
            for tool, values in self.credentials.items()
        }


def request(line: str, *headers: str, body: str | None = None) -> str:
    """Return a request as it must arrive; `{port}` stands for the server's."""
    lines = [f"{line} HTTP/1.1", "Host: 127.0.0.1:{port}"]
    if not any(header.lower().startswith("accept:") for header in headers):
        lines.append("Accept: */*")
    lines.append("Connection: keep-alive")
    if not any(header.lower().startswith("user-agent:") for header in headers):
        lines.append(f"User-Agent: {USER_AGENT}")
    lines += [*headers, "Accept-Encoding: gzip, deflate"]
    if body is not None:
        lines.append(f"Content-Length: {len(body.encode())}")
    elif line.split(maxsplit=1)[0] in ("POST", "PUT", "PATCH"):
        lines.insert(2, "Content-Length: 0")
    return "\r\n".join([*lines, "", body or ""])


def placed(case: Case, origin: str) -> Case:
    """Return the case with the server's address."""

    def put(value: object) -> object:
        return json.loads(json.dumps(value).replace(ORIGIN, origin))

    environment = tuple(replace(item, value=put(item.value)) for item in case.environment)  # type: ignore[arg-type]
    return replace(case, nodes=put(list(case.nodes)), inputs=put(dict(case.inputs)), environment=environment)  # type: ignore[arg-type]


def arrived(seen: Sequence[Seen], port: int) -> list[str]:
    return [item.raw.decode().replace(f":{port}\r\n", ":{port}\r\n", 1) for item in seen]


def web_ports(wire: WireCase, server: StandIn, files: KeptFiles | None = None) -> Ports:
    """Return the ports of a run that reaches the server."""
    web = LoopbackWeb(EgressRules.read([f"127.0.0.1:{server.port}"]))
    return replace(
        ports_of(),
        web=web,
        credentials=Entered(wire.entered(server.origin)),
        files=files or KeptFiles(),
        documents=ReadDocuments(),
        environment=FakeEnvironment({item.name: item.value for item in wire.case.environment}),
    )


async def run_wire(wire: WireCase, files: KeptFiles | None = None) -> list[Body]:
    """Run the case on the engine; compare its end, and what arrived at the server byte by byte."""
    async with standing_in(wire.replies) as server:
        bodies = await run_case(placed(wire.case, server.origin), web_ports(wire, server, files), NODES)
    found = arrived(server.seen, server.port)
    assert found == list(wire.requests), f"\n{found!r}\n{list(wire.requests)!r}"
    return bodies
