"""What is under deploy/, checked by the tools that read it: Compose, Prometheus, systemd, and parsers of formats."""

import importlib.resources
import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import jsonschema
import pytest
import yaml
from dockerfile_parse import DockerfileParser

from conftest import REPOSITORY
from phone import Phone, Player
from server import wait_until

DEPLOY = REPOSITORY / "deploy"
COMPOSE = DEPLOY / "docker-compose.yml"
GPU = DEPLOY / "docker-compose.gpu.yml"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
SERVICES = {"server", "frame_processor", "slam3r", "storage", "rabbitmq", "prometheus", "grafana", "mediamtx", "triton"}


def tool(name: str) -> str:
    """The path of a program; the test is skipped where it is not installed."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def output_of(*command, **options) -> str:
    """What a command says; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


# Compose


@pytest.fixture(scope="module")
def compose() -> dict:
    return yaml.safe_load(COMPOSE.read_text())


@pytest.mark.parametrize("file", [COMPOSE, GPU], ids=lambda file: file.name)
def test_compose_file_is_what_the_specification_says(file):
    """The schema of the Compose specification comes with the package check-jsonschema."""
    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    schema = json.loads((folder / "compose-spec.json").read_text())
    jsonschema.validators.validator_for(schema)(schema).validate(yaml.safe_load(file.read_text()))


def resolved(folder: Path, *files: Path) -> dict:
    """Compose's own view of the files: merged, variables filled in, references checked."""
    profiles = [word for name in ("perception", "mediamtx", "triton") for word in ("--profile", name)]
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True) if shutil.which("docker") else None
    if plugin and plugin.returncode == 0:
        command = ["docker", "compose"]
    else:
        # Debian's Compose 1.29 knows all but the top-level `name`.
        command = [tool("docker-compose")]
        copies = [folder / file.name for file in files]
        for file, copy in zip(files, copies, strict=True):
            copy.write_text(re.sub(r"^name: .*\n", "", file.read_text(), flags=re.MULTILINE))
        files = copies
    arguments = [word for file in files for word in ("--file", str(file))]
    return yaml.safe_load(output_of(*command, "--project-directory", DEPLOY, *arguments, *profiles, "config"))


def test_compose_resolves_the_files(tmp_path):
    assert set(resolved(tmp_path, COMPOSE)["services"]) == SERVICES


def test_gpu_is_reserved_only_in_its_variant(tmp_path):
    def reserving(*files):
        services = resolved(tmp_path, *files)["services"]
        return {name for name, service in services.items() if "devices" in str(service.get("deploy"))}

    assert reserving(COMPOSE) == set()
    assert reserving(COMPOSE, GPU) == {"frame_processor", "slam3r", "triton"}


def test_services_have_the_ports_and_names_that_others_know(compose):
    services = compose["services"]
    published = {port.rsplit(":", 1)[1] for service in services.values() for port in service.get("ports", [])}
    assert {"5001", "8554", "5672", "15672", "9090", "3000"} <= published
    assert services["server"]["environment"]["BIND_HOST"] == "0.0.0.0"
    for name, variables in {
        "server": {"API_PORT", "RTSP_PORT", "RABBITMQ_URL", "NTP_SERVER", "STORAGE_PATH"},
        "storage": {"STORAGE_PATH", "STORAGE_FRAME_SKIP", "VIDEO_CHUNK_DURATION_SECONDS", "RTSP_HOST", "RABBITMQ_URL"},
        "frame_processor": {"FRAME_PROCESSOR_SKIP", "SERPAPI_API_KEY", "PERPLEXITY_API_KEY", "RERUN_VIEWER_ADDRESS"},
        "slam3r": {"SLAM_FRAME_SKIP", "RTSP_HOST", "RTSP_PORT"},
    }.items():
        assert variables <= set(services[name]["environment"]), name
    assert services["storage"]["environment"]["STORAGE_PATH"] == "/app/recordings"


def test_every_service_is_bounded_restarted_and_watched(compose):
    for name, service in compose["services"].items():
        assert service["restart"] == "unless-stopped", name
        assert {"cpus", "memory"} <= set(service["deploy"]["resources"]["limits"]), name
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL"), name
        assert ":latest" not in service["image"] and ":" in service["image"], name


def test_roles_of_the_image_may_write_to_their_volumes_only(compose):
    for name in ("server", "storage", "frame_processor", "slam3r"):
        service = compose["services"][name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert not service.get("privileged") and "user" not in service, name


def test_what_has_no_tokens_is_published_to_this_machine_only(compose):
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert name == "server" or port.startswith("127.0.0.1:"), f"{name}: {port}"
    assert compose["services"]["server"]["secrets"] == ["worldsystem_tokens"]
    assert "insecure" not in COMPOSE.read_text()


def test_files_that_are_mounted_exist(compose):
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (DEPLOY / source).exists(), f"{name}: {volume}"
            assert source.startswith((".", "/")) or source in compose["volumes"], f"{name}: {volume}"


def test_configuration_of_the_container_is_valid(make_server, tmp_path):
    settings = yaml.safe_load((DEPLOY / "worldsystem.yaml").read_text())
    settings["bus"]["spool_path"], settings["telemetry"]["upload_path"] = str(tmp_path / "s"), str(tmp_path / "u")
    make_server(settings=settings)


def test_secrets_are_made_once_and_fit_together(tmp_path):
    folder = tmp_path / "secrets"
    output_of(DEPLOY / "make-secrets", folder)
    first = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(first) == {"worldsystem_tokens", "worldsystem_token", "grafana_admin_password"}
    tokens = yaml.safe_load(first["worldsystem_tokens"])
    assert set(tokens) == {"publish", "view", "control"} and len(set(tokens.values())) == 3
    assert all(len(token) == 32 for token in tokens.values())
    assert first["worldsystem_token"].strip() == tokens["view"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    output_of(DEPLOY / "make-secrets", folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == first


# The image


@pytest.fixture(scope="module")
def dockerfile() -> list[dict]:
    structure = DockerfileParser(path=str(DEPLOY / "Dockerfile"), cache_content=True).structure
    return [entry for entry in structure if entry["instruction"] != "COMMENT"]


def test_image_runs_as_somebody_and_says_how_it_is(dockerfile):
    last = max(index for index, entry in enumerate(dockerfile) if entry["instruction"] == "FROM")
    runtime = {entry["instruction"]: entry["value"] for entry in dockerfile[last:]}
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", runtime["USER"]), "a user by number, which volumes keep"
    assert runtime["STOPSIGNAL"] == "SIGTERM"
    assert json.loads(runtime["HEALTHCHECK"].split("CMD ", 1)[1]) == ["worldsystem-health"]
    assert json.loads(runtime["ENTRYPOINT"]) == ["worldsystem-entrypoint"]
    assert "org.opencontainers.image.title" in runtime["LABEL"]
    assert "BIND_HOST=0.0.0.0" in runtime["ENV"] and "insecure" not in (DEPLOY / "Dockerfile").read_text()


def test_image_is_built_from_named_versions_and_leaves_no_lists(dockerfile):
    images = [entry["value"].partition("=")[2] for entry in dockerfile if "_IMAGE=" in entry["value"]]
    assert images == ["swift:6.3-bookworm", "debian:bookworm-slim"]
    for entry in dockerfile:
        if "apt-get install" in entry["value"]:
            assert "--no-install-recommends" in entry["value"]
            assert entry["value"].endswith("rm -rf /var/lib/apt/lists/*")
        assert entry["instruction"] != "ADD"


def test_image_links_what_the_package_links(dockerfile):
    """Each library that the build stage gets for linking has its runtime package in the other one."""
    runs = [entry["value"] for entry in dockerfile if "apt-get install" in entry["value"]]
    development, runtime = (set(re.findall(r"\blib[\w-]+", text)) for text in runs)
    libraries = {re.sub(r"0?-dev$", "", name) for name in development if name.endswith("-dev")}
    assert libraries <= {re.sub(r"-?\d+$", "", name) for name in runtime}
    providers = set(re.findall(r'"(lib[\w-]+-dev)"', (REPOSITORY / "Package.swift").read_text()))
    assert providers <= development


# Entry point and health check, on their own; test_images.py runs them in the image.


def entry_point(tmp_path: Path, *arguments: str, **variables) -> subprocess.CompletedProcess:
    """Runs the entry point with a `worldsystem` that prints what it was given."""
    program = tmp_path / "bin" / "worldsystem"
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" "token=${WORLDSYSTEM_TOKEN:-}" "bus=${RABBITMQ_URL:-}"\n')
    program.chmod(0o755)
    private = tmp_path / "private"
    private.mkdir(exist_ok=True)
    environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "WORLDSYSTEM_PRIVATE_FOLDER": str(private)}
    return subprocess.run(
        [DEPLOY / "docker" / "entrypoint.sh", *arguments], env=environment | variables, capture_output=True, text=True,
        timeout=20)


def test_entry_point_gives_the_server_a_private_copy_of_its_tokens(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("view: 0123456789abcdef\n")
    secret.chmod(0o444)
    done = entry_point(tmp_path, "serve", "--tls", "self-signed", WORLDSYSTEM_TOKENS_FILE=str(secret))
    copy = tmp_path / "private" / "tokens"
    assert done.stdout == f"serve|--token-file|{copy}|--tls|self-signed|token=|bus=|"
    assert copy.read_text() == secret.read_text() and stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_entry_point_gives_a_service_its_token_and_the_broker(tmp_path):
    for name, text in (("token", "secret-token-0001\n"), ("url", "amqp://a:b@c/ \n")):
        (tmp_path / name).write_text(text)
    done = entry_point(
        tmp_path, "record", WORLDSYSTEM_TOKEN_FILE=str(tmp_path / "token"), RABBITMQ_URL_FILE=str(tmp_path / "url"))
    assert done.stdout == "record|token=secret-token-0001|bus=amqp://a:b@c/|"


def test_entry_point_stops_at_a_secret_that_is_not_there(tmp_path):
    done = entry_point(tmp_path, WORLDSYSTEM_TOKENS_FILE=str(tmp_path / "nothing"))
    assert (done.returncode, done.stdout) == (64, "")
    assert done.stderr.startswith("worldsystem-entrypoint: WORLDSYSTEM_TOKENS_FILE names")


def test_open_server_does_not_start(binary, tmp_path):
    """Without a secret the entry point hands on to the server, which refuses every address but loopback."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "worldsystem").symlink_to(binary)
    environment = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "BIND_HOST": "0.0.0.0", "API_PORT": "0"}
    done = subprocess.run(
        [DEPLOY / "docker" / "entrypoint.sh"], env=environment, cwd=tmp_path, capture_output=True, text=True,
        timeout=30)
    assert done.returncode == 64 and "token" in done.stderr, done.stderr


def health(role: str, **variables) -> subprocess.CompletedProcess:
    return subprocess.run(
        [DEPLOY / "docker" / "health.sh", role], env={"PATH": os.environ["PATH"]} | variables, capture_output=True,
        text=True, timeout=20)


def test_health_of_the_server_is_that_of_its_rtsp_output(make_server, free_port, clip):
    server = make_server("--rtsp-push", f"rtsp://127.0.0.1:{free_port}/drone")
    assert health("server", API_PORT=str(server.port)).returncode == 0
    with Phone(server.ws_url) as phone, Player(phone, clip):
        # Nobody is there to be pushed to.
        done = wait_until(
            lambda: (result := health("server", API_PORT=str(server.port))).returncode == 1 and result, 15, "unhealthy")
    assert "unhealthy" in done.stdout and "503" in done.stderr


def test_health_of_storage_is_its_folder(tmp_path):
    assert health("storage", STORAGE_PATH=str(tmp_path)).returncode == 0
    assert health("storage", STORAGE_PATH=str(tmp_path / "gone")).returncode == 1
    assert health("nobody").returncode == 64


# Prometheus and Grafana


def test_prometheus_takes_configuration_and_rules():
    promtool = tool("promtool")
    output_of(promtool, "check", "config", "--syntax-only", DEPLOY / "prometheus" / "prometheus.yml")
    output_of(promtool, "check", "rules", *sorted((DEPLOY / "prometheus" / "rules").glob("*.yml")))


def test_alerts_fire_when_they_should_and_only_then():
    output_of(tool("promtool"), "test", "rules", "alerts.test.yml", cwd=DEPLOY / "prometheus" / "tests")


def test_every_alert_is_shown_to_fire():
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules" / "alerts.yml").read_text())
    tests = yaml.safe_load((DEPLOY / "prometheus" / "tests" / "alerts.test.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    fired = {case["alertname"] for test in tests["tests"] for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == alerts


def test_dashboard_is_what_its_script_makes():
    output_of(DEPLOY / "grafana" / "make-dashboard", "--check")


def test_dashboard_asks_the_source_that_is_provisioned():
    provisioned = yaml.safe_load((DEPLOY / "grafana/provisioning/datasources/prometheus.yml").read_text())
    dashboard = json.loads((DEPLOY / "grafana/dashboards/worldsystem.json").read_text())
    asked = {target["datasource"]["uid"] for panel in dashboard["panels"] for target in panel.get("targets", [])}
    assert asked == {source["uid"] for source in provisioned["datasources"]}


# systemd


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit, tmp_path):
    """In a root of its own, with the program in its place."""
    analyze = tool("systemd-analyze")
    program = tmp_path / "usr/local/bin/worldsystem-entrypoint"
    program.parent.mkdir(parents=True)
    shutil.copy(DEPLOY / "docker" / "entrypoint.sh", program)
    units = tmp_path / "etc/systemd/system"
    shutil.copytree(DEPLOY / "systemd", units)
    # Targets that the units name are systemd's own.
    (tmp_path / "usr/lib/systemd").mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/system").symlink_to("/usr/lib/systemd/system")
    done = subprocess.run(
        [analyze, "verify", "--man=no", f"--root={tmp_path}", unit.name], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if "worldsystem" in line]
    assert complaints == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_unit_may_do_little(unit):
    done = output_of(tool("systemd-analyze"), "security", "--offline=yes", "--threshold=20", "--no-pager", unit)
    print(done.splitlines()[-1])
