"""A Prometheus of the tests' own, with the configuration that is shipped."""

import json
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, build_opener

import pytest
import yaml

from conftest import REPOSITORY
from server import unused_port, wait_until

SHIPPED = REPOSITORY / "deploy" / "prometheus"
OPENER = build_opener(ProxyHandler({}))


def for_this_machine(shipped: str, targets: dict[str, str], token_file: Path) -> str:
    """The shipped configuration with three things changed: where the jobs in `targets` are reached, where the token
    lies, and how often is scraped, so that a test need not wait for minutes."""
    configuration = yaml.safe_load(shipped)
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for job in configuration["scrape_configs"]:
        if job["job_name"] in targets:
            job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
        if "authorization" in job:
            job["authorization"]["credentials_file"] = str(token_file)
    return yaml.safe_dump(configuration)


class Prometheus:
    """One Prometheus on loopback; use it in a `with` statement."""

    def __init__(self, folder: Path, targets: dict[str, str], token_file: Path):
        self.program = shutil.which("prometheus") or pytest.skip("prometheus is not installed")
        self.folder, self.port = folder, unused_port()
        self.process: subprocess.Popen | None = None
        shutil.copytree(SHIPPED, folder)
        shipped = (SHIPPED / "prometheus.yml").read_text()
        (folder / "prometheus.yml").write_text(for_this_machine(shipped, targets, token_file))

    def __enter__(self) -> "Prometheus":
        log = (self.folder / "log").open("wb")
        self.process = subprocess.Popen(
            [self.program, f"--config.file={self.folder}/prometheus.yml", f"--storage.tsdb.path={self.folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        try:
            wait_until(self._is_ready, 30, "Prometheus is ready")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def get(self, path: str, **query: str) -> dict:
        """The answer of its API; an error of a query is an answer too."""
        url = f"http://127.0.0.1:{self.port}{path}?{urlencode(query)}"
        try:
            with OPENER.open(url, timeout=10) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            with error:
                return json.loads(error.read())

    def query(self, expression: str) -> list[tuple[dict, float]]:
        """What a query gives now: labels and values."""
        answer = self.get("/api/v1/query", query=expression)
        assert answer["status"] == "success", f"{expression}: {answer.get('error')}"
        assert answer["data"]["resultType"] == "vector", expression
        return [(sample["metric"], float(sample["value"][1])) for sample in answer["data"]["result"]]

    def targets(self) -> dict[str, dict]:
        """The last known target of each job."""
        return {target["labels"]["job"]: target for target in self.get("/api/v1/targets")["data"]["activeTargets"]}

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, (self.folder / "log").read_text()[-3000:]
        try:
            with OPENER.open(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return answer.status == 200
        except (URLError, OSError):
            return False
