"""A model repository for Triton Inference Server, of networks that are prepared.

The networks of a model become the models NAME.GRAPH, version 1, as OpenVINO's files or as ONNX. No batching by the
server, except of pictures: of the other networks the first axis counts objects, which share one frame's features.
"""

import os
import shutil
from pathlib import Path

from . import manifest

VERSION = "1"
BACKENDS = {"openvino": ("model.xml", "model.bin"), "onnxruntime": ("model.onnx",)}
TYPES = {"float32": "TYPE_FP32", "int64": "TYPE_INT64"}


def write(models: list[Path], target: Path, backend: str) -> list[str]:
    """Writes or updates the repository. - Returns: the names of its models."""
    names = []
    for folder in models:
        content = manifest.read(folder / manifest.NAME)
        for graph, signature in content["graphs"].items():
            name = f"{content['name']}.{graph}"
            _place(folder, graph, target / name / VERSION, backend)
            (target / name / "config.pbtxt").write_text(configuration(name, signature, backend))
            names.append(name)
    return names


def _place(folder: Path, graph: str, target: Path, backend: str) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in BACKENDS[backend]:
        source = folder / (graph + Path(name).suffix)
        if not source.exists():
            raise FileNotFoundError(f"{source} is not there; prepare the model with ONNX")
        part = target / (name + ".part")
        part.unlink(missing_ok=True)
        try:
            os.link(source, part)
        except OSError:  # Another file system.
            shutil.copyfile(source, part)
        part.replace(target / name)


def configuration(name: str, signature: dict, backend: str) -> str:
    """The text of config.pbtxt."""
    lines = [f'name: "{name}"', f'backend: "{backend}"', "max_batch_size: 0"]
    for direction in ("input", "output"):
        lines.append(f"{direction} [")
        for tensor in signature[direction + "s"]:
            sizes = ", ".join("-1" if size is None else str(size) for size in tensor["shape"])
            lines.append(f'  {{ name: "{tensor["name"]}", data_type: {TYPES[tensor["element"]]}, dims: [ {sizes} ] }},')
        lines[-1] = lines[-1].removesuffix(",")
        lines.append("]")
    # One copy of the weights, on the processor or card that the back end chooses.
    lines += ["instance_group [ { count: 1 } ]", f"version_policy: {{ specific: {{ versions: [ {VERSION} ] }} }}"]
    if backend == "openvino":
        lines.append('parameters: { key: "INFERENCE_PRECISION_HINT", value: { string_value: "f32" } }')
    return "\n".join(lines) + "\n"
