"""The command line: help texts, exit codes and one-line errors."""

import os
import subprocess
from pathlib import Path

import pytest

from server import DEFAULTS

GOLDEN = Path(__file__).parent / "golden"


def run(binary: Path, *args: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess:
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "80"} | DEFAULTS | variables
    return subprocess.run(
        [binary, *args], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)


def commands_of(binary: Path) -> list[str]:
    """The commands that `--help` lists."""
    lines = run(binary, "--help").stdout.split("SUBCOMMANDS:\n")[1].splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ") and not line.startswith("   ")][:-1]


def check_golden(name: str, text: str) -> None:
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text(), f"{file.name} differs; UPDATE_GOLDEN=1 writes it anew"


def test_help_of_all_commands(binary):
    check_golden("help", run(binary, "--help").stdout)
    commands = commands_of(binary)
    assert {"serve", "doctor", "bench"} <= set(commands)
    for command in commands:
        result = run(binary, command, "--help")
        assert result.returncode == 0
        assert "EXAMPLES" in result.stdout or "SUBCOMMANDS" in result.stdout
        check_golden(f"help-{command}", result.stdout)
    for part in ("relay", "bus", "detect", "mcap", "rerun"):
        check_golden(f"help-bench-{part}", run(binary, "bench", part, "--help").stdout)
    for part in ("list", "show", "export", "replay", "verify"):
        check_golden(f"help-sessions-{part}", run(binary, "sessions", part, "--help").stdout)
    for part in ("list", "prepare", "verify"):
        check_golden(f"help-models-{part}", run(binary, "models", part, "--help").stdout)


def test_version(binary):
    result = run(binary, "--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count(".") == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(binary, shell):
    result = run(binary, "--generate-completion-script", shell)
    assert result.returncode == 0
    assert "rtsp-port" in result.stdout


@pytest.mark.parametrize(("args", "message"), [
    (["serve", "--prot", "1"], "Unknown option '--prot'"),
    (["nonsense"], "'nonsense'"),
    (["serve", "--port", "abc"], "--port: “abc” does not fit server.port: expected a whole number from 0 to 65535"),
    (["serve", "--log-level", "loud"], "expected trace, debug, info, notice, warning, error or critical"),
    (["serve", "--host", "0.0.0.0"], "listening on 0.0.0.0 needs tokens"),
    (["serve", "--config", "missing.yaml"], "missing.yaml: cannot read this configuration file"),
    (["serve", "--token-file", "missing"], "missing: No such file or directory"),
    (["serve", "--tls", "files"], "expected tls.certificate_file and tls.key_file beside it"),
    (["bench", "relay", "--consumers", "many"], "--consumers takes whole numbers with commas between"),
])
def test_wrong_usage_is_one_line_and_64(binary, tmp_path, args, message):
    result = run(binary, *args, cwd=tmp_path)
    assert result.returncode == 64
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert message in result.stderr


def test_mistakes_in_the_file_name_file_line_and_key(binary, tmp_path):
    (tmp_path / "worldsystem.yaml").write_text("server:\n  port: 5001\n  prot: 1\n")
    result = run(binary, "serve", cwd=tmp_path)
    assert result.returncode == 64
    assert result.stderr.startswith(
        "worldsystem: worldsystem.yaml:3: unknown key “server.prot”; did you mean “server.port”?")


def test_precedence_of_flag_environment_and_file(binary, tmp_path):
    (tmp_path / "worldsystem.yaml").write_text("server:\n  port: 1\n  grace_seconds: 2\nrtsp:\n  port: 3\n")
    result = run(binary, "doctor", "--print-config", "--port", "9", cwd=tmp_path, API_PORT="8", RTSP_PORT="7")
    assert result.returncode == 0
    assert "  port: 9  # from --port\n" in result.stdout
    assert "  port: 7  # from environment variable RTSP_PORT\n" in result.stdout
    assert "  grace_seconds: 2  # from worldsystem.yaml:3\n" in result.stdout


def test_a_taken_port_is_named(binary, tmp_path, server):
    result = run(binary, "serve", "--port", str(server.port), "--rtsp-port", "0", cwd=tmp_path)
    assert result.returncode == 1
    failure = result.stderr.splitlines()[-1]
    assert failure == (
        f"worldsystem: cannot listen on 127.0.0.1:{server.port}: the port is taken; choose another by --port")


def test_doctor_is_content_here(binary, tmp_path):
    result = run(binary, "doctor", "--port", "0", "--rtsp-port", "0", "--data", "data", cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert "ok    encoder      libx264\n" in result.stdout
    assert "FAIL" not in result.stdout


def test_doctor_names_what_is_wrong_and_the_fix(binary, tmp_path, server, free_port):
    result = run(
        binary, "doctor", "--port", str(server.port), "--rtsp-port", "0",
        "--rtsp-push", f"rtsp://user:secret@127.0.0.1:{free_port}/drone", cwd=tmp_path)
    assert result.returncode == 69
    assert f"FAIL  port         127.0.0.1:{server.port} is taken; fix: " in result.stdout
    assert f"FAIL  rtsp push    rtsp://127.0.0.1:{free_port}/drone: nothing listens on" in result.stdout
    assert "secret" not in result.stdout + result.stderr


def test_doctor_finds_wrong_configuration(binary, tmp_path):
    result = run(
        binary, "doctor", "--host", "0.0.0.0", "--port", "0", "--rtsp-port", "0", cwd=tmp_path)
    assert result.returncode == 64
    assert "FAIL  access       listening on 0.0.0.0 needs tokens" in result.stdout
