"""Whether an exported network says what PyTorch says."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import openvino
import torch

from .detection import Detector
from .forms import PRECISION_LIMITS
from .graphs import Graph, Tensors


class Deviation(Exception):
    """An exported network says something else."""


@dataclass
class Difference:
    """How far the outputs of a network are from PyTorch's, over all inputs."""

    largest: float = 0.0
    # As shares of the reference's largest number, and of its root mean square.
    relative: float = 0.0
    mean_square: float = 0.0

    def add(self, found: np.ndarray, reference: np.ndarray, name: str) -> None:
        if found.shape != reference.shape:
            raise Deviation(f"{name} has the shape {list(found.shape)}, not {list(reference.shape)}")
        off = np.abs(found.astype(np.float64) - reference)
        if not np.isfinite(off).all():
            raise Deviation(f"{name} holds numbers that are not finite")
        size = np.abs(reference).max(initial=0.0)
        level = np.sqrt(np.square(reference, dtype=np.float64).mean())
        self.largest = max(self.largest, float(off.max(initial=0.0)))
        self.relative = max(self.relative, float(off.max(initial=0.0) / max(1.0, size)))
        self.mean_square = max(self.mean_square, float(np.sqrt(np.square(off).mean()) / max(1e-6, level)))

    def described(self) -> dict:
        return {"largest": _short(self.largest), "relative": _short(self.relative), "rms": _short(self.mean_square)}


def _short(number: float) -> float:
    return float(f"{number:.2e}")


class Runner:
    """A network's file in OpenVINO, on this processor, with 32-bit floats."""

    def __init__(self, file: Path):
        core = openvino.Core()
        model = core.read_model(file)
        self.choice = self._tap(model)
        self.model = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    @staticmethod
    def _tap(model: openvino.Model) -> int | None:
        """Adds which places the detector takes for queries to the outputs."""
        choices = [one for one in model.get_ordered_ops() if one.get_type_name() == "TopK"]
        if len(choices) != 1:
            return None
        model.add_outputs(choices[0].output(1))
        return len(model.outputs) - 1

    def run(self, inputs: Tensors) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
        found = self.model({name: tensor.numpy() for name, tensor in inputs.items()})
        named = {name: found[port] for port in self.model.outputs for name in port.get_names()}
        return named, None if self.choice is None else found[self.model.outputs[self.choice]]


def difference(graph: Graph, file: Path) -> tuple[Difference, Tensors]:
    """Runs a network's file on the graph's inputs, and compares.

    Which of two places with nearly the same score becomes the earlier query hangs on the last bit, and everything after
    on that; so PyTorch's detector takes the places that the exported one took.
    - Returns: also what PyTorch makes of the first inputs.
    """
    runner, result, references = Runner(file), Difference(), []
    for inputs in (graph.inputs, *graph.variants):
        found, choice = runner.run(inputs)
        if isinstance(graph.module, Detector) and choice is not None:
            graph.module.chosen = torch.from_numpy(choice.astype(np.int64))
        try:
            references.append(graph.reference(inputs))
        finally:
            if isinstance(graph.module, Detector):
                graph.module.chosen = None
        for name in graph.outputs:
            if name not in found:
                raise Deviation(f"there is no output {name}")
            result.add(found[name], references[-1][name].numpy(), name)
    return result, references[0]


def check(graph: Graph, file: Path, precision: str) -> tuple[dict, Tensors]:
    """Holds a network's file to PyTorch.
    - Returns: how well it fits, and what PyTorch makes of the graph's inputs.
    - Raises: Deviation.
    """
    found, reference = difference(graph, file)
    limit = graph.limit if precision == "f32" else PRECISION_LIMITS[precision]
    value = found.relative if precision == "f32" else found.mean_square
    if not value <= limit:
        raise Deviation(f"{file.name} differs from PyTorch by {value:.2e}, more than {limit:.0e}: {found.described()}")
    return found.described() | {"limit": limit}, reference
