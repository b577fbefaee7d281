"""A real server of the Open Inference Protocol for tests: Triton Inference Server, of nvidia-pytriton, on a processor.

usage: PYTHON triton_server.py MODELS WORK GRPC_PORT HTTP_PORT     in an environment with nvidia-pytriton and openvino

Serves each network of each model as MODEL.NETWORK, with the configuration that `worldsystem models prepare
--triton` writes; its Python back end runs OpenVINO, for the package has no other back end. Becomes the server.
"""

import json
import os
import shutil
import site
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ModelExporter"))

from worldsystem_models import triton  # noqa: E402

MODEL = '''
import json
import sys

sys.path.insert(0, PACKAGES)

import openvino
import triton_python_backend_utils as utils

class TritonPythonModel:
    def initialize(self, arguments):
        config = json.loads(arguments["model_config"])
        self.outputs = [port["name"] for port in config["output"]]
        self.inputs = [port["name"] for port in config["input"]]
        self.model = openvino.Core().compile_model(
            config["parameters"]["network"]["string_value"], "CPU",
            {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": "1"})

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        given = {name: utils.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        found = self.model(given)
        return utils.InferenceResponse([utils.Tensor(name, found[name]) for name in self.outputs])
'''


def write_repository(models: Path, target: Path) -> None:
    for manifest in sorted(models.glob("*/manifest.json")):
        content = json.loads(manifest.read_text())
        for graph, signature in content["graphs"].items():
            name = f"{content['name']}.{graph}"
            (target / name / "1").mkdir(parents=True, exist_ok=True)
            (target / name / "1" / "model.py").write_text(
                MODEL.replace("PACKAGES", repr(site.getsitepackages()[0])))
            network = manifest.parent / f"{graph}.xml"
            (target / name / "config.pbtxt").write_text(
                triton.configuration(name, signature, "python")
                + f'parameters: {{ key: "network", value: {{ string_value: "{network}" }} }}\n')


def main() -> None:
    models, work, grpc_port, http_port = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
    packages = Path(site.getsitepackages()[0])
    server = packages / "pytriton" / "tritonserver"
    repository, backends = work / "repository", work / "backends"
    write_repository(models, repository)
    if not backends.exists():
        shutil.copytree(server / "backends", backends)
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        shutil.copy(
            server / "python_backend_stubs" / version / "triton_python_backend_stub",
            backends / "python" / "triton_python_backend_stub")
    binary = server / "bin" / "tritonserver"
    os.environ["LD_LIBRARY_PATH"] = str(packages / "nvidia_pytriton.libs")
    os.execv(binary, [
        str(binary), f"--model-repository={repository}", f"--backend-directory={backends}",
        "--grpc-address=127.0.0.1", f"--grpc-port={grpc_port}", "--http-address=127.0.0.1", f"--http-port={http_port}",
        "--allow-metrics=false", "--exit-timeout-secs=2"])


if __name__ == "__main__":
    main()
