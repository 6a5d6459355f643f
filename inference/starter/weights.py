"""The weights that are trained, exact beside the model's own, which may be rounded to bfloat16."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from peft import PeftModel


class Weights:
    """`exact` are float32 by the name in an adapter's file: an optimizer's small steps vanish in eight bits."""

    def __init__(self, model: "PeftModel") -> None:
        self._rounded = dict(lora(model))
        self.exact = {name: weight.detach().float().clone() for name, weight in self._rounded.items()}

    def take_gradients(self) -> None:
        """Move the model's gradients to the exact weights."""
        for name, weight in self._rounded.items():
            self.exact[name].grad = None if weight.grad is None else weight.grad.float()
            weight.grad = None

    def give_back(self) -> None:
        """Put the exact weights into the model."""
        for name, weight in self._rounded.items():
            weight.data.copy_(self.exact[name])


def lora(model: "PeftModel") -> "Iterator[tuple[str, torch.nn.Parameter]]":
    """Yield what is trained, with its name in an adapter's file."""
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            yield name.removeprefix("base_model.model.").removesuffix(".default.weight"), weight
