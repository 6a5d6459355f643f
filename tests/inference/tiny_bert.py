"""A random BERT cross-encoder small enough for tests, and the same forward pass in numpy."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import save_file

Array = npt.NDArray[np.float32]
WIDTH, HEADS, LAYERS, FEED_FORWARD, POSITIONS = 32, 2, 2, 64, 64
WORDS = [
    *("the", "a", "cat", "dog", "sat", "on", "mat", "moon", "is", "made"),
    *("of", "cheese", "who", "where", "fox", "river", "##s", "##ing"),
]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
CLS, SEP = 2, 3
_ERF = np.vectorize(math.erf, otypes=[np.float32])


@dataclass(frozen=True)
class TinyBert:
    """The weights under their names in a Hugging Face file."""

    weights: dict[str, Array]

    def logit(self, query: list[int], document: list[int]) -> float:
        """Return what BertForSequenceClassification gives for `[CLS] query [SEP] document [SEP]`."""
        tokens = [CLS, *query, SEP, *document, SEP]
        types = [0] * (len(query) + 2) + [1] * (len(document) + 1)
        embeddings = "bert.embeddings."
        hidden = self._norm(
            self.weights[f"{embeddings}word_embeddings.weight"][tokens]
            + self.weights[f"{embeddings}token_type_embeddings.weight"][types]
            + self.weights[f"{embeddings}position_embeddings.weight"][: len(tokens)],
            f"{embeddings}LayerNorm",
        )
        for number in range(LAYERS):
            hidden = self._layer(hidden, f"bert.encoder.layer.{number}.")
        pooled = np.tanh(self._linear(hidden[:1], "bert.pooler.dense"))
        return float(self._linear(pooled, "classifier")[0, 0])

    def _layer(self, hidden: Array, layer: str) -> Array:
        query, key, value = (
            self._linear(hidden, f"{layer}attention.self.{part}").reshape(len(hidden), HEADS, -1).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 2, 1) / math.sqrt(WIDTH // HEADS)
        chances = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = (chances / chances.sum(axis=-1, keepdims=True)) @ value
        attended = self._linear(mixed.transpose(1, 0, 2).reshape(len(hidden), WIDTH), f"{layer}attention.output.dense")
        hidden = self._norm(hidden + attended, f"{layer}attention.output.LayerNorm")
        inner = self._linear(hidden, f"{layer}intermediate.dense")
        inner = inner * (1 + _ERF(inner / math.sqrt(2))) / 2
        return self._norm(hidden + self._linear(inner, f"{layer}output.dense"), f"{layer}output.LayerNorm")

    def _linear(self, rows: Array, name: str) -> Array:
        product: Array = rows @ self.weights[f"{name}.weight"].T
        return product + self.weights[f"{name}.bias"]

    def _norm(self, rows: Array, name: str) -> Array:
        centred = rows - rows.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        result: Array = scaled * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]
        return result


def tiny_bert(seed: int = 7) -> TinyBert:
    """Return random weights whose scores spread over some units."""
    random = np.random.default_rng(seed)
    embeddings = "bert.embeddings."
    weights = {
        f"{embeddings}word_embeddings.weight": random.normal(size=(len(VOCABULARY), WIDTH)),
        f"{embeddings}token_type_embeddings.weight": random.normal(size=(2, WIDTH)),
        f"{embeddings}position_embeddings.weight": 0.3 * random.normal(size=(POSITIONS, WIDTH)),
    }

    def linear(name: str, wide: int, out: int) -> None:
        weights[f"{name}.weight"] = 3 * random.normal(size=(out, wide)) / math.sqrt(wide)
        weights[f"{name}.bias"] = 0.1 * random.normal(size=out)

    def norm(name: str) -> None:
        weights[f"{name}.weight"] = 1 + 0.1 * random.normal(size=WIDTH)
        weights[f"{name}.bias"] = 0.1 * random.normal(size=WIDTH)

    norm(f"{embeddings}LayerNorm")
    for number in range(LAYERS):
        layer = f"bert.encoder.layer.{number}."
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            linear(f"{layer}attention.{part}", WIDTH, WIDTH)
        norm(f"{layer}attention.output.LayerNorm")
        linear(f"{layer}intermediate.dense", WIDTH, FEED_FORWARD)
        linear(f"{layer}output.dense", FEED_FORWARD, WIDTH)
        norm(f"{layer}output.LayerNorm")
    linear("bert.pooler.dense", WIDTH, WIDTH)
    linear("classifier", WIDTH, 1)
    return TinyBert({name: values.astype(np.float32) for name, values in weights.items()})


def write_folder(folder: Path, bert: TinyBert) -> Path:
    """Write the model as Hugging Face does, and return the folder."""
    folder.mkdir(parents=True)
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": WIDTH,
        "intermediate_size": FEED_FORWARD,
        "max_position_embeddings": POSITIONS,
        "num_attention_heads": HEADS,
        "num_hidden_layers": LAYERS,
        "type_vocab_size": 2,
        "vocab_size": len(VOCABULARY),
        "id2label": {"0": "LABEL_0"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": True, "model_max_length": POSITIONS}))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    save_file(bert.weights, folder / "model.safetensors")
    return folder
