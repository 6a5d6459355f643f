"""Computes what the tests of the converter compare with, by `transformers`: python -m tests.inference.reference_logits.

Needs torch, transformers and tokenizers, which are no dependencies of the platform: run it in an environment of its
own, with this repository on the path, after a change of tiny_models; commit what it writes.
"""

import importlib
import json
import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

from tests.inference.tiny_models import CONFIGS, DATA, TOKENIZER, TOKENS, VOCABULARY, Array, fingerprint, write_folder

LOGITS = DATA / "reference_logits.npz"
TOKEN_IDS = DATA / "reference_tokens.json"
FALLBACK = DATA / "tiny_fallback_tokenizer.json"
COMPARED = 3
"""How many of the last positions are stored."""

_TEXTS = (
    "The river carries what the rain has left behind.",
    "In 1984, 37 foxes ate 2,048 grapes; they'd do it again!",
    "  two spaces,\ttab\nnew line and trailing  ",
    "Wörter, слова и 词语 \u2014 emoji \U0001f98a too",
)


def main() -> int:
    """Write the tokenizers, their answers and the logits."""
    torch, transformers, tokenizers = map(importlib.import_module, ("torch", "transformers", "tokenizers"))
    _train(tokenizers)
    answers = {}
    for path in (TOKENIZER, FALLBACK):
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
        answers[path.name] = {text: tokenizer.encode(text, add_special_tokens=False).ids for text in _TEXTS}
    TOKEN_IDS.write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n")
    with tempfile.TemporaryDirectory() as scratch:
        stored = {name: _logits(torch, transformers, write_folder(Path(scratch) / name, name)) for name in CONFIGS}
    digests = {f"{name}.sha256": np.frombuffer(bytes.fromhex(fingerprint(name)), np.uint8) for name in CONFIGS}
    np.savez_compressed(LOGITS, **stored, **digests)  # type: ignore[arg-type]  # the stubs know no keyword arrays
    sys.stdout.write(f"torch {torch.__version__}, transformers {transformers.__version__}: {', '.join(stored)}\n")
    return 0


def _logits(torch: ModuleType, transformers: ModuleType, folder: Path) -> Array:
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", trust_remote_code=False
    ).eval()
    with torch.no_grad():
        logits = model(torch.tensor([list(TOKENS)])).logits[0, -COMPARED:]
    values: Array = logits.float().numpy()
    return values


def _train(tokenizers: ModuleType) -> None:
    """Make two small tokenizers: of bytes as GPT-2 spells them, and of characters that fall back to bytes."""
    text = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8").split("\n")
    special = ["<unk>", "<s>", "</s>"]
    bytes_ = tokenizers.Tokenizer(tokenizers.models.BPE())
    bytes_.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
        [
            tokenizers.pre_tokenizers.Digits(individual_digits=True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    bytes_.decoder = tokenizers.decoders.ByteLevel()
    alphabet = sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet())
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, initial_alphabet=alphabet)
    bytes_.train_from_iterator(text, trainer)
    bytes_.save(str(TOKENIZER))
    chars = tokenizers.Tokenizer(tokenizers.models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    chars.normalizer = tokenizers.normalizers.Sequence(
        [tokenizers.normalizers.Prepend("\u2581"), tokenizers.normalizers.Replace(" ", "\u2581")]
    )
    fallback = [*special, *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=len(fallback) + 200, special_tokens=fallback, limit_alphabet=70, max_token_length=8
    )
    chars.train_from_iterator([line.replace("  ", " ") for line in text], trainer)
    chars.save(str(FALLBACK))
    saved = json.loads(FALLBACK.read_text())
    # As published: only the three are added tokens, the bytes are pieces.
    saved["added_tokens"] = [token for token in saved["added_tokens"] if token["content"] in special]
    FALLBACK.write_text(json.dumps(saved, ensure_ascii=False) + "\n")
    TOKENIZER.write_text(json.dumps(json.loads(TOKENIZER.read_text()), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
