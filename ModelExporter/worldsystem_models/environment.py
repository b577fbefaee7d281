"""Makes the Python environment that the exporter runs in, and goes on in it. Needs nothing but Python itself.

usage: environment.py --folder DIR [--python FILE] -- ARGUMENTS OF THE EXPORTER
"""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REQUIREMENTS = PACKAGE.parent / "requirements.txt"
# What the exporter is developed with; transformers and torch have wheels for these.
OLDEST = (3, 10)


def place(folder: Path, requirements: bytes, version: tuple[int, int]) -> Path:
    """The environment of these packages on this Python: others get another, so an update never mixes two sets."""
    digest = hashlib.sha256(requirements + repr(version).encode()).hexdigest()[:12]
    return folder / f"{version[0]}.{version[1]}-{digest}"


def install(environment: Path) -> None:
    """Fills an environment. What an earlier, interrupted run installed stays and is not fetched again."""
    python = environment / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True, stdout=sys.stderr)
    subprocess.run(
        [python, "-m", "pip", "install", "--disable-pip-version-check", "--requirement", REQUIREMENTS],
        check=True, stdout=sys.stderr)


def prepared(folder: Path) -> Path:
    """The interpreter of a complete environment, made first if need be; others that want it wait."""
    environment = place(folder, REQUIREMENTS.read_bytes(), sys.version_info[:2])
    folder.mkdir(parents=True, exist_ok=True)
    complete = environment / "complete"
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not complete.exists():
            print(f"making a Python environment in {environment}", file=sys.stderr, flush=True)
            install(environment)
            complete.touch()
    return environment / "bin" / "python"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--python", type=Path)
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    if sys.version_info < OLDEST:
        sys.exit(f"worldsystem: Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; {sys.executable} is older")
    try:
        python = arguments.python or prepared(arguments.folder)
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"worldsystem: the Python environment cannot be made: {error}")
    rest = arguments.rest[1:] if arguments.rest[:1] == ["--"] else arguments.rest
    os.environ["PYTHONPATH"] = str(PACKAGE.parent)
    os.execv(python, [str(python), "-m", PACKAGE.name, *rest])


if __name__ == "__main__":
    main()
