"""Carries out a Dockerfile without a container engine: each stage is a folder made by debootstrap, its instructions run
in a chroot with a mount and a process namespace of its own. Needs root; what an engine does beyond that (layers, the
network, limits) is not imitated."""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from dockerfile_parse import DockerfileParser

# What a container has in /proc and /dev; then further mounts, then the command. $1 is the root.
MOUNTS = r"""
set -eu
root=$1
shift
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
mkdir "$root/dev/shm"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
for device in null zero full random urandom tty; do
  touch "$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"
"""
# The root itself becomes read-only; what is mounted in it stays as it is.
READ_ONLY = r"""
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
"""


@dataclass
class Stage:
    """One stage of a Dockerfile as far as it was carried out: its files, and what a container of it would have."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    # Folders of the host -> where they are mounted.
    binds: dict[Path, str] = field(default_factory=dict)
    # Folders in memory -> options of the mount.
    memory: dict[str, str] = field(default_factory=dict)
    read_only: bool = False

    def expand(self, text: str) -> str:
        """Puts the values of ENV and ARG into `$NAME` and `${NAME}`."""
        values = self.arguments | self.environment
        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", lambda match: values.get(match[1] or match[2], ""), text)

    def inside(self, command: list[str], environment: dict | None = None) -> list[str]:
        """The command line that runs `command` as a container would: with its user, folder and environment."""
        variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp"}
        variables |= self.environment | (environment or {})
        return ["chroot", f"--userspec={self.user}", str(self.root), "/usr/bin/env", "-i", f"--chdir={self.folder}",
                *(f"{name}={value}" for name, value in variables.items()), *command]

    def popen(self, command: list[str], *, environment: dict | None = None, **options) -> subprocess.Popen:
        """Starts a command as process 1 of namespaces of its own."""
        return subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", self._mounts() + 'exec "$@"', "sh",
             str(self.root), *self.inside(command, environment)],
            stdin=subprocess.DEVNULL, **options)

    def _mounts(self) -> str:
        lines = [READ_ONLY] if self.read_only else []
        lines.append(MOUNTS)
        for source, target in self.binds.items():
            lines.append(f"mount --bind {shlex.quote(str(source))} {shlex.quote(f'{self.root}/{target}')}\n")
        for target, flags in self.memory.items():
            lines.append(f"mount -t tmpfs -o {flags} tmpfs {shlex.quote(f'{self.root}/{target}')}\n")
        if self.read_only:
            # MOUNTS takes the root from the arguments, and has to come after it was made read-only.
            lines.insert(0, "root=$1\n")
        return "".join(lines)

    def run(self, command: list[str], *, timeout: float, **options) -> subprocess.CompletedProcess:
        """Runs a command to its end and returns its code and output."""
        process = self.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(command, process.returncode, output)


@dataclass
class DockerfileRun:
    """Carries out stages of a Dockerfile on given roots. `context` is the folder that COPY takes files from."""

    file: Path
    context: Path
    stages: dict[str, Stage] = field(default_factory=dict)

    def instructions(self, stage: str) -> list[tuple[str, str]]:
        """The instructions of a stage after its FROM."""
        parser = DockerfileParser(path=str(self.file), cache_content=True)
        wanted, found = False, []
        for entry in parser.structure:
            name, value = entry["instruction"].upper(), entry["value"]
            if name == "FROM":
                wanted = value.split()[-1] == stage and " as " in value.lower()
            elif wanted and name != "COMMENT":
                found.append((name, value))
        assert found, f"{self.file} has no stage {stage}"
        return found

    def carry_out(self, name: str, stage: Stage, *, timeout: float) -> Stage:
        """Carries out all instructions of the stage `name` on `stage`."""
        self.stages[name] = stage
        for instruction, value in self.instructions(name):
            self._one(stage, instruction, value, timeout)
        return stage

    def _one(self, stage: Stage, instruction: str, value: str, timeout: float) -> None:
        match instruction:
            case "RUN":
                done = stage.run(["/bin/sh", "-c", value], timeout=timeout, environment=stage.arguments)
                assert done.returncode == 0, f"RUN {value}\nended with {done.returncode}\n{done.stdout[-6000:]}"
            case "COPY":
                self._copy(stage, value)
            case "WORKDIR":
                stage.folder = str(Path(stage.folder) / stage.expand(value))
                (stage.root / stage.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "ENV":
                for pair in shlex.split(value):
                    variable, _, content = pair.partition("=")
                    stage.environment[variable] = stage.expand(content)
            case "ARG":
                variable, _, content = value.partition("=")
                stage.arguments.setdefault(variable, content)
            case "USER":
                stage.user = stage.expand(value)
            case "ENTRYPOINT":
                stage.entrypoint = json.loads(value)
            case "CMD":
                stage.command = json.loads(value)
            case "LABEL" | "EXPOSE" | "VOLUME" | "STOPSIGNAL" | "HEALTHCHECK":
                pass  # Says something to the engine; changes no file.
            case _:
                raise AssertionError(f"{instruction} is not known here")

    def _copy(self, stage: Stage, value: str) -> None:
        words = shlex.split(value)
        flags = dict(word[2:].split("=", 1) for word in words if word.startswith("--"))
        *sources, target = [word for word in words if not word.startswith("--")]
        origin = self.stages[flags.pop("from")].root if "from" in flags else self.context
        mode = flags.pop("chmod", None)
        assert not flags, f"COPY {value}: these flags are not known here: {flags}"
        destination = stage.root / str(Path(stage.folder) / target).lstrip("/")
        found = [path for source in sources for path in sorted(origin.glob(source.lstrip("/")))]
        assert found, f"COPY {value}: nothing to copy"
        for path in found:
            self._copy_one(path, destination, is_folder=target.endswith("/"), mode=mode)

    @staticmethod
    def _copy_one(path: Path, destination: Path, *, is_folder: bool, mode: str | None) -> None:
        if path.is_dir():
            shutil.copytree(path, destination, dirs_exist_ok=True)
            return
        file = destination / path.name if is_folder else destination
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, file)
        os.chmod(file, int(mode, 8) if mode else path.stat().st_mode & 0o777)
