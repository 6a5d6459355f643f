"""The chat template of a GGUF file, read without loading the model."""

from pathlib import Path

from gguf import GGUFReader

from inference.chat_template import ChatTemplate
from inference.gguf_header import check_gguf


def template_of(file: Path) -> ChatTemplate:
    """Return the template with the marks that the file names."""
    check_gguf(file)
    fields = GGUFReader(file).fields
    tokens = fields["tokenizer.ggml.tokens"]

    def mark(name: str) -> str:
        field = fields.get(f"tokenizer.ggml.{name}_token_id")
        return str(tokens.contents(int(field.contents()))) if field else ""

    return ChatTemplate(str(fields["tokenizer.chat_template"].contents()), bos=mark("bos"), eos=mark("eos"))
