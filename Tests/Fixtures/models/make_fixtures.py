#!/usr/bin/env python3
"""Writes tiny.tar.gz.*: networks of tiny random models, what PyTorch makes of fixed inputs, and of short clips.

usage: PYTHON make_fixtures.py     with the Python of `worldsystem models prepare`

The same seeds make the same weights everywhere; goldens change in their last digits with the processor. The archive is
in parts because no file of the repository is larger than 256 KiB.
"""

import gzip
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).resolve().parent
EXPORTER = FOLDER.parents[2] / "ModelExporter"
sys.path.insert(0, str(EXPORTER))

from worldsystem_models import tiny  # noqa: E402

PART_BYTES = 240 * 1024
SIDE = 64
FRAMES = 10
BOXES = [[5, 6, 30, 35], [20, 15, 55, 50]]


def frames() -> torch.Tensor:
    """A still picture with noise. The numbers are those of 16-bit floats, so that they are stored exactly."""
    generator = torch.Generator().manual_seed(7)
    still = torch.randn(3, SIDE, SIDE, generator=generator)
    noisy = [still + 0.3 * torch.randn(3, SIDE, SIDE, generator=generator) for _ in range(FRAMES)]
    return torch.stack(noisy).half().float()


@torch.inference_mode()
def write_clip(family: str, target: Path, seed: int) -> None:
    """What the reference implementation, streaming, sees of two objects in boxes of the first frame."""
    model = tiny.model(family, SIDE, seed)
    library = sys.modules[type(model).__module__]
    session_type = getattr(library, next(name for name in dir(library) if name.endswith("VideoInferenceSession")))
    session = session_type(video_height=SIDE, video_width=SIDE, dtype=torch.float32)
    for place, box in enumerate(BOXES):
        session.add_point_inputs(session.obj_id_to_idx(place + 1), 0, {
            "point_coords": torch.tensor(box, dtype=torch.float32).reshape(1, 1, 2, 2),
            "point_labels": torch.tensor([[[2, 3]]], dtype=torch.int32)})
    session.obj_with_new_inputs = [1, 2]
    outputs = [model(session, frame=frame[None]) for frame in frames()]
    np.save(target / "e2e.frames.npy", frames().numpy().astype(np.float16))
    np.save(target / "e2e.boxes.npy", np.array(BOXES, np.float32))
    masks = [output.pred_masks.reshape(2, SIDE // 4, SIDE // 4) for output in outputs]
    np.save(target / "e2e.masks.npy", torch.stack(masks).numpy())
    scores = [output.object_score_logits.reshape(2) for output in outputs]
    np.save(target / "e2e.object_score.npy", torch.stack(scores).numpy())


def packed(folder: Path) -> bytes:
    """An archive that is the same whenever the files are."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(folder.rglob("*")):
            if not file.is_file():
                continue
            entry = tarfile.TarInfo(str(file.relative_to(folder)))
            entry.size, entry.mode = file.stat().st_size, 0o644
            with open(file, "rb") as content:
                archive.addfile(entry, content)
    return gzip.compress(plain.getvalue(), 9, mtime=0)


def main() -> None:
    catalogue = json.loads((EXPORTER / "catalogue.json").read_text())["tiny"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command = [sys.executable, "-m", "worldsystem_models", "--random", "tiny", "--no-onnx", "--models", folder]
        subprocess.run(command, check=True, cwd=EXPORTER)
        for entry in catalogue:
            if entry["family"] in ("sam2", "edgetam"):
                write_clip(entry["family"], folder / entry["name"], entry["seed"])
        names = [entry["name"] for entry in catalogue]
        (folder / "manifest.json").write_text(json.dumps({"models": names}) + "\n")
        archive = packed(folder)
    for old in FOLDER.glob("tiny.tar.gz.*"):
        old.unlink()
    parts = [archive[start:start + PART_BYTES] for start in range(0, len(archive), PART_BYTES)]
    for number, part in enumerate(parts):
        (FOLDER / f"tiny.tar.gz.{number:02}").write_bytes(part)
    print(f"{len(archive)} bytes in {len(parts)} parts")


if __name__ == "__main__":
    main()
