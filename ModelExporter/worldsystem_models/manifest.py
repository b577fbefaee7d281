"""manifest.json of a model's folder: what its networks take and say, where they come from, and what their files are."""

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path

NAME = "manifest.json"
# What makes the networks, beside this package.
LIBRARIES = ("torch", "transformers", "timm", "openvino", "onnx")


def sha256(file: Path) -> str:
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _digest(stream)


def _digest(stream) -> str:
    digest = hashlib.sha256()
    while block := stream.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def described(file: Path) -> dict:
    """Size and digest of a file."""
    return {"bytes": file.stat().st_size, "sha256": sha256(file)}


def is_unchanged(folder: Path, files: dict[str, dict]) -> bool:
    """Whether files are there as described."""
    for name, known in files.items():
        file = folder / name
        if not file.is_file() or described(file) != known:
            return False
    return True


def exporter() -> dict[str, str]:
    """What identifies the program that makes the networks: its own sources, and the libraries."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return {"sources": digest.hexdigest()[:16]} | {name: version(name).split("+")[0] for name in LIBRARIES}


def read(file: Path) -> dict | None:
    """The content of a file of JSON, where there is one that is whole."""
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return None


def write(file: Path, content: dict) -> None:
    """Writes a file whole or not at all."""
    part = file.with_name(file.name + ".part")
    with open(part, "w") as stream:
        json.dump(content, stream, indent=1, ensure_ascii=False)
        stream.write("\n")
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)
