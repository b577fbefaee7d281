"""What is exported: one network with the names of its tensors."""

from dataclasses import dataclass, field

import torch

Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Graph:
    """A network, and inputs that it is traced and checked with."""

    name: str
    module: torch.nn.Module
    inputs: Tensors
    outputs: tuple[str, ...]
    # Input -> axes whose size each run chooses, with what they count.
    open_axes: dict[str, dict[int, str]] = field(default_factory=dict)
    # Inputs of other sizes, and with other switches, that are checked too.
    variants: tuple[Tensors, ...] = ()
    # The largest difference from PyTorch, as a share of the largest number, in 32-bit floats.
    limit: float = 1e-4

    @torch.inference_mode()
    def reference(self, inputs: Tensors) -> Tensors:
        """What PyTorch makes of inputs."""
        found = self.module(*(tensor.clone() for tensor in inputs.values()))
        found = found if isinstance(found, tuple) else (found,)
        return {name: tensor.clone() for name, tensor in zip(self.outputs, found)}

    def shape(self, name: str) -> list[int | None]:
        """Sizes of an input, `None` where each run chooses."""
        is_open = self.open_axes.get(name, {})
        return [None if axis in is_open else size for axis, size in enumerate(self.inputs[name].shape)]
