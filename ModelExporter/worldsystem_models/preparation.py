"""Prepares one model: loads it, exports and checks its networks one by one, and describes them.

A network is written beside its place, checked, moved there and noted; a run that was killed goes on after the last one
noted. The manifest comes last: a folder with one is complete.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import forms, manifest, parity, suites
from .checkpoints import Checkpoint
from .graphs import Graph, Tensors
from .progress import Progress

ELEMENTS = {torch.float32: "float32", torch.int64: "int64"}


@dataclass(frozen=True)
class Order:
    """What is to be made."""

    entry: dict
    checkpoint: Checkpoint
    folder: Path
    precision: str = "f32"
    width: int = 0
    height: int = 0
    with_onnx: bool = True

    def recipe(self) -> dict:
        """The same recipe makes the same networks."""
        return {
            "source": self.checkpoint.identity, "precision": self.precision, "width": self.width,
            "height": self.height, "onnx": self.with_onnx, "exporter": manifest.exporter()}


class Preparation:
    def __init__(self, order: Order):
        self.order, self.folder = order, order.folder
        self.unfinished = order.folder / ".unfinished"
        self.recipe = order.recipe()

    def run(self) -> bool:
        """Makes what is not there yet. - Returns: whether there was anything to do."""
        if self.is_complete():
            return False
        self.unfinished.mkdir(parents=True, exist_ok=True)
        # What another recipe made would not be told from what this one makes.
        (self.folder / manifest.NAME).unlink(missing_ok=True)
        names = suites.GRAPHS[self.order.entry["family"]]
        progress = Progress(self.order.entry["name"], len(names) + 1)
        progress.begin("loading the model")
        order = self.order
        model = order.checkpoint.load(order.width, order.height)
        graphs = suites.of(order.entry["family"], model, order.width, order.height)
        progress.finish()
        notes = {}
        for graph in graphs:
            progress.begin(graph.name)
            notes[graph.name] = self.noted(graph.name) or self.make(graph)
            progress.finish()
        self.describe(notes)
        shutil.rmtree(self.unfinished)
        return True

    def is_complete(self) -> bool:
        content = manifest.read(self.folder / manifest.NAME)
        return content is not None and content.get("recipe") == self.recipe and manifest.is_unchanged(
            self.folder, content["files"])

    def noted(self, name: str) -> dict | None:
        """What an earlier run noted of a network that is still as it left it."""
        note = manifest.read(self.unfinished / f"{name}.json")
        if note is None or note["recipe"] != self.recipe or not manifest.is_unchanged(self.folder, note["files"]):
            return None
        return note

    def make(self, graph: Graph) -> dict:
        work = self.unfinished / graph.name
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        precision = "f32" if graph.name in forms.CHOOSING else self.order.precision
        forms.write_openvino(graph, work / f"{graph.name}.xml", precision)
        checks = {}
        checks["openvino"], reference = parity.check(graph, work / f"{graph.name}.xml", precision)
        if self.order.with_onnx:
            forms.write_onnx(graph, work / f"{graph.name}.onnx")
            checks["onnx"], _ = parity.check(graph, work / f"{graph.name}.onnx", "f32")
        self.save_check(graph, reference, work)
        files = {file.name: manifest.described(file) for file in sorted(work.iterdir())}
        for name in files:
            (work / name).replace(self.folder / name)
        work.rmdir()
        note = {"recipe": self.recipe, "files": files, "graph": self.signature(graph, reference) | {"checks": checks}}
        manifest.write(self.unfinished / f"{graph.name}.json", note)
        return note

    @staticmethod
    def save_check(graph: Graph, reference: Tensors, work: Path) -> None:
        """Writes the inputs, and what PyTorch makes of them: `models verify` runs the networks on them."""
        for direction, tensors in (("in", graph.inputs), ("out", reference)):
            for name, tensor in tensors.items():
                np.save(work / f"{graph.name}.{direction}.{name}.npy", np.ascontiguousarray(tensor.numpy()))

    @staticmethod
    def signature(graph: Graph, reference: Tensors) -> dict:
        """Inputs and outputs. An axis of an output is open when it has another size for other inputs."""
        others = [graph.reference(inputs) for inputs in graph.variants]

        def size(name: str, axis: int) -> int | None:
            sizes = {one[name].shape[axis] for one in (reference, *others)}
            return sizes.pop() if len(sizes) == 1 else None

        return {
            "inputs": [{"name": name, "element": ELEMENTS[tensor.dtype], "shape": graph.shape(name)}
                       for name, tensor in graph.inputs.items()],
            "outputs": [{"name": name, "element": ELEMENTS[tensor.dtype],
                         "shape": [size(name, axis) for axis in range(tensor.ndim)]}
                        for name, tensor in reference.items()]}

    def describe(self, notes: dict[str, dict]) -> None:
        order, entry = self.order, self.order.entry
        files = {name: known for note in notes.values() for name, known in note["files"].items()}
        vocabulary = self.folder / "vocab.txt"
        if entry["family"].endswith("grounding-dino") and order.checkpoint.write_vocabulary(vocabulary):
            files[vocabulary.name] = manifest.described(vocabulary)
        manifest.write(self.folder / manifest.NAME, {
            "name": entry["name"], "title": entry["title"], "family": entry["family"], "licence": entry["licence"],
            "precision": order.precision,
            "image": {"width": order.width, "height": order.height} | order.checkpoint.normalisation,
            "graphs": {name: note["graph"] for name, note in notes.items()},
            "files": dict(sorted(files.items())), "recipe": self.recipe})
