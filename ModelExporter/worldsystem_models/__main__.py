"""Prepares models; `worldsystem models prepare` runs this in the environment that `environment` makes.

usage: python -m worldsystem_models [NAME ...] --models DIR [OPTIONS]
"""

import argparse
import json
import logging
import os
import sys
import warnings
from pathlib import Path

# Before the library is loaded, which reads them then.
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

UNAVAILABLE = 69  # EX_UNAVAILABLE


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--from", dest="source", type=Path)
    parser.add_argument("--revision", default="main")
    parser.add_argument("--random", choices=["tiny", "full"])
    parser.add_argument("--seed", type=int)
    parser.add_argument("--precision", choices=["f32", "bf16", "int8"], default="f32")
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--no-onnx", action="store_true")
    parser.add_argument("--triton", type=Path)
    parser.add_argument("--triton-backend", choices=["openvino", "onnxruntime"], default="onnxruntime")
    return parser.parse_args()


def entries(given: argparse.Namespace) -> list[dict]:
    catalogue = json.loads((Path(__file__).parent.parent / "catalogue.json").read_text())
    named = {entry["name"]: entry for entry in catalogue["models"]}
    tiny = {entry["name"]: entry for entry in catalogue["tiny"]}
    if given.random != "tiny":
        return [named[name] for name in given.names]
    # Official names take the tiny sizes of their family.
    sizes = {entry["family"]: entry for entry in tiny.values()}
    sizes["mm-grounding-dino"] = sizes["grounding-dino"]
    return [tiny.get(name) or {**sizes[named[name]["family"]], "name": name, "family": named[name]["family"]}
            for name in given.names or tiny]


def checkpoint(entry: dict, given: argparse.Namespace):
    from . import checkpoints

    if given.random:
        seed = entry.get("seed", 0) if given.seed is None else given.seed
        return checkpoints.from_seed(entry, seed, given.random == "tiny")
    if given.source:
        return checkpoints.from_folder(entry, given.source)
    print(f"{entry['name']}: {entry['repository']}, {entry['licence']}", file=sys.stderr)
    return checkpoints.from_hub(entry, given.models / ".checkpoints", given.revision)


def prepare(given: argparse.Namespace) -> None:
    from . import triton
    from .preparation import Order, Preparation

    folders = []
    for entry in entries(given):
        suffix = "" if given.precision == "f32" else "-" + given.precision
        entry = {**entry, "name": entry["name"] + suffix}
        order = Order(
            entry, checkpoint({**entry, "name": entry["name"].removesuffix(suffix)}, given),
            given.models / entry["name"], given.precision, given.width or entry["width"],
            given.height or entry["height"], not given.no_onnx)
        was_made = Preparation(order).run()
        print(f"{entry['name']}: {'prepared' if was_made else 'is prepared already'}, {order.folder}")
        folders.append(order.folder)
    if given.triton:
        names = triton.write(folders, given.triton, given.triton_backend)
        print(f"{given.triton}: {len(names)} models for Triton, {given.triton_backend}")


def main() -> None:
    given = arguments()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    from .checkpoints import Unreachable, Unusable
    from .parity import Deviation

    try:
        prepare(given)
    except Unreachable as error:
        print(f"\nworldsystem: {error}", file=sys.stderr)
        sys.exit(UNAVAILABLE)
    except (Unusable, Deviation, OSError) as error:
        sys.exit(f"\nworldsystem: {error}")
    except KeyboardInterrupt:
        sys.exit("\nworldsystem: interrupted; the same command goes on from here")


if __name__ == "__main__":
    main()
