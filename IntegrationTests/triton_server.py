"""A real server of the Open Inference Protocol for tests: Triton Inference Server, of nvidia-pytriton, on a processor.

usage: PYTHON triton_server.py MODELS GRPC_PORT HTTP_PORT     in an environment with nvidia-pytriton and openvino

Serves each network of each model in the folder as MODEL.NETWORK and prints “ready”. Ends with SIGTERM.
"""

import json
import signal
import sys
from pathlib import Path

import numpy as np
import openvino
from pytriton.decorators import batch  # noqa: F401  (tells early when the package is broken)
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

ELEMENTS = {"float32": np.float32, "int64": np.int64}


def tensors(ports: list[dict]) -> list[Tensor]:
    return [Tensor(name=port["name"], dtype=ELEMENTS[port["element"]],
                   shape=tuple(-1 if size is None else size for size in port["shape"])) for port in ports]


def runner(file: Path, outputs: list[str]):
    """A function that runs a network on one request."""
    model = openvino.Core().compile_model(
        file, "CPU", {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"})

    def infer(requests):
        results = []
        for request in requests:
            found = model({name: np.ascontiguousarray(value) for name, value in request.data.items()})
            results.append({name: np.array(found[name]) for name in outputs})
        return results

    return infer


def main() -> None:
    models, grpc_port, http_port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    config = TritonConfig(
        grpc_address="127.0.0.1", grpc_port=grpc_port, http_address="127.0.0.1", http_port=http_port,
        allow_metrics=False)
    with Triton(config=config) as triton:
        for manifest in sorted(models.glob("*/manifest.json")):
            content = json.loads(manifest.read_text())
            for name, graph in content["graphs"].items():
                triton.bind(
                    model_name=f"{content['name']}.{name}",
                    infer_func=runner(manifest.parent / f"{name}.xml", [port["name"] for port in graph["outputs"]]),
                    inputs=tensors(graph["inputs"]), outputs=tensors(graph["outputs"]),
                    config=ModelConfig(batching=False), strict=True)
        triton.run()
        print("ready", flush=True)
        signal.sigwait({signal.SIGTERM, signal.SIGINT})


if __name__ == "__main__":
    main()
