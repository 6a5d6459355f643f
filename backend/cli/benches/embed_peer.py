"""The peer's side of `bench embed`: runs in an environment with sentence-transformers and imports nothing of ours."""

import base64
import json
import sys
import time
from importlib import import_module


def serve(model_folder: str) -> None:
    """Answer every line of standard input; the end of it is the end."""
    torch, library = import_module("torch"), import_module("sentence_transformers")
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever the libraries print is no answer
    model = library.SentenceTransformer(model_folder, device="cpu")
    for line in sys.stdin:
        question = json.loads(line)
        if "threads" in question:
            torch.set_num_threads(question["threads"])
        started = time.perf_counter()
        vectors = model.encode(question["texts"], batch_size=question.get("batch", 32), show_progress_bar=False)
        answer: dict[str, object] = {"seconds": time.perf_counter() - started}
        if question.get("wants_vectors"):
            answer["vectors"] = base64.b64encode(vectors.tobytes()).decode()
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1])
