"""A model server whose answers depend on its prompt: it knows what its instructions say, and nothing else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.e2e import hostile

HANDBOOK = {
    "ferry": "The ferry leaves at 07:40.",
    "pier": "The ferry leaves from pier nine.",
    "ticket": "A ticket costs four euros.",
    "bicycle": "Bicycles travel for free.",
    "soup": "Salmon soup is served on Thursdays.",
    "lighthouse": "The lighthouse was built in 1871.",
}
"""What there is to know of a harbour, by the word that asks for it."""
QUESTIONS = {
    "ferry": "When does the ferry leave?",
    "pier": "Which pier is it?",
    "ticket": "What is the price of a ticket?",
    "bicycle": "What does a bicycle cost?",
    "soup": "When is there soup?",
    "lighthouse": "How old is the lighthouse?",
}
IGNORANT = "I do not know."
MODEL = {"name": "clerk", "kind": "chat", "context_tokens": 8192, "supports_tools": True}


class Clerk(hostile._Handler):
    """Answers with the line of its instructions that the question is about; improves prompts with the handbook."""

    def do_POST(self) -> None:
        messages = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["messages"]
        rules = " ".join(message["content"] for message in messages if message["role"] == "system")
        question = messages[-1]["content"]
        self._open("text/event-stream")
        self._delta(
            {"content": improved(question) if rules.startswith("You improve prompts") else told(rules, question)}
        )
        self._end("stop")


def told(rules: str, question: str) -> str:
    """Return what the instructions say about a question."""
    lines = (line for word, line in HANDBOOK.items() if word in question.lower() and line in rules)
    return next(lines, IGNORANT)


def improved(question: str) -> str:
    """Return the prompt that the question quotes, with the whole handbook."""
    prompt = question.split("Prompt:\n\n", 1)[1].split("\n\nWhat to change:", 1)[0]
    return "\n".join((prompt, *HANDBOOK.values()))


@contextmanager
def clerk_serving() -> Iterator[str]:
    """Run the server for a while; yields its base address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Clerk)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
