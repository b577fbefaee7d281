#!/usr/bin/env python3
"""Measures grounded tracking against the same networks run by Python's OpenVINO and by PyTorch, frame by frame in turn.

usage: PYTHON compare.py --binary WORLDSYSTEM --models DIR --video FILE --detector NAME --segmenter NAME [OPTIONS]

PYTHON has the packages of ModelExporter/requirements.txt (`worldsystem models prepare` makes one); ffmpeg is in PATH.
The models are prepared; their weights are taken from where the manifest says, random ones from their seed.

Four take turns on each frame, in an order that rotates, on the same number of threads and the same pictures:
- `worldsystem bench detect --step`: the whole way from a decoded picture to objects, of it what the networks compute;
- the same networks by OpenVINO's Python interface, without copies of what goes in and comes out;
- the same networks by PyTorch, eager, as they were before they were exported;
- PyTorch's whole way: resizing by torchvision, the streaming tracker and the detector of the library transformers,
  masks and boxes brought to the picture's size.
Networks are given as many objects, memories and pointers as in the frame.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import torch
import torchvision.transforms.v2.functional as pictures

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "ModelExporter"))

from worldsystem_models import checkpoints, manifest  # noqa: E402
from worldsystem_models.detection import Detector, TextEncoder, prompt_masks  # noqa: E402
from worldsystem_models.memory_attention import AttendMemory  # noqa: E402
from worldsystem_models.segmentation import DecodeMask, EncodeImage, EncodeMemory  # noqa: E402
from worldsystem_models.suites import PROMPT, TINY_PROMPT  # noqa: E402
from worldsystem_models.detection import SPECIAL_TOKENS  # noqa: E402
from worldsystem_models.tiny import SPECIAL_TOKENS as TINY_SPECIAL_TOKENS  # noqa: E402

MEMORIES, POINTERS = 7, 16
GRAPHS = ("encode_image", "attend_memory", "decode_mask", "encode_memory", "gd_text", "gd_detect")
# Frames from one search to the next where nothing happens, as the program searches.
USUAL_INTERVAL = 15


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--video", type=Path, required=True)
    parser.add_argument("--detector", required=True)
    parser.add_argument("--segmenter", required=True)
    parser.add_argument("--lead", type=int, default=MEMORIES, help="frames before those that count")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--interval", type=int, default=4, help="frames from one search to the next")
    parser.add_argument("--objects", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def loaded(models: Path, name: str) -> tuple[torch.nn.Module, dict]:
    """A model as it was exported, and its manifest."""
    content = manifest.read(models / name / manifest.NAME)
    source, image = content["recipe"]["source"], content["image"]
    if source["kind"] == "random":
        checkpoint = checkpoints.from_seed(content, source["seed"], source["size"] == "tiny")
    else:
        checkpoint = checkpoints.from_folder(content, models / ".checkpoints" / name)
    return checkpoint.load(image["width"], image["height"]), content


def frames(video: Path, count: int) -> np.ndarray:
    """[count, height, width, 3]"""
    probe = ["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=width,height", "-of", "csv=p=0"]
    size = subprocess.run([*probe, video], check=True, capture_output=True, text=True).stdout
    width, height = (int(part) for part in size.strip().strip(",").split(",")[:2])
    command = ["ffmpeg", "-v", "error", "-i", video, "-frames:v", str(count), "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command.append("-")
    content = subprocess.run(command, check=True, capture_output=True).stdout
    return np.frombuffer(content, np.uint8).reshape(-1, height, width, 3)


class Stopwatch:
    """Times by name, milliseconds."""

    def __init__(self):
        self.times: dict[str, list[float]] = defaultdict(list)

    def run(self, name: str, work: Callable):
        start = time.perf_counter()
        result = work()
        self.times[name].append(1e3 * (time.perf_counter() - start))
        return result

    def median(self, name: str) -> float | None:
        return statistics.median(self.times[name]) if self.times[name] else None


def prepared(picture: np.ndarray, width: int, height: int) -> torch.Tensor:
    """As the library's image processors do it."""
    tensor = pictures.resize(torch.from_numpy(picture.copy()).permute(2, 0, 1), [height, width], antialias=True)
    return pictures.normalize(
        tensor.to(torch.float32) / 255, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])[None]


class Networks:
    """The networks with inputs of a frame, for OpenVINO and PyTorch."""

    @torch.inference_mode()
    def __init__(self, given: argparse.Namespace, detector: tuple, segmenter: tuple, picture: np.ndarray):
        (finder, found), (follower, followed) = detector, segmenter
        side, objects = followed["image"]["width"], given.objects
        pixels = prepared(picture, side, side)
        modules = {"encode_image": EncodeImage(follower), "attend_memory": AttendMemory(follower),
                   "decode_mask": DecodeMask(follower), "encode_memory": EncodeMemory(follower),
                   "gd_text": TextEncoder(finder), "gd_detect": Detector(finder)}
        fine, middle, top, start = modules["encode_image"](pixels)
        tracked = {"points": torch.zeros(objects, 1, 2), "labels": -torch.ones(objects, 1, dtype=torch.int64),
                   "multimask": torch.ones(1)}
        conditioned = start.expand(objects, -1, -1, -1).clone()
        masks, _, scores, pointers = modules["decode_mask"](fine, middle, conditioned, *tracked.values())
        memory = modules["encode_memory"](top, masks, scores, torch.zeros(1))
        counts = min(given.lead, MEMORIES), min(given.lead, POINTERS)
        times = torch.tensor([[6, *range(counts[0] - 2, -1, -1)]]).expand(objects, -1).contiguous()
        ages = torch.arange(1, counts[1] + 1, dtype=torch.float32).expand(objects, -1).contiguous()
        is_tiny = finder.config.text_config.vocab_size <= max(PROMPT)
        tokens = TINY_PROMPT if is_tiny else PROMPT
        mask, places = prompt_masks(tokens, TINY_SPECIAL_TOKENS if is_tiny else SPECIAL_TOKENS)
        text = modules["gd_text"](torch.tensor([tokens]), places, mask)
        image = found["image"]
        self.inputs = {
            "encode_image": {"pixel_values": pixels},
            "attend_memory": {
                "feat": top, "mem": memory[:, None].expand(-1, counts[0], -1, -1).contiguous(), "mem_t": times,
                "ptr": pointers[:, None].expand(-1, counts[1], -1).contiguous(), "ptr_dt": ages},
            "decode_mask": {"feat_s0": fine, "feat_s1": middle, "feat": conditioned, **tracked},
            "encode_memory": {"feat": top, "low_res_mask": masks, "object_score": scores, "binarise": torch.zeros(1)},
            "gd_text": {"input_ids": torch.tensor([tokens]), "position_ids": places, "text_self_attention_mask": mask},
            "gd_detect": {"pixel_values": prepared(picture, image["width"], image["height"]), "text_features": text,
                          "position_ids": places, "text_self_attention_mask": mask}}
        self.modules = modules
        core = openvino.Core()
        options = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1",
                   "INFERENCE_NUM_THREADS": str(given.threads)}
        self.requests = {}
        for name in GRAPHS:
            folder = given.detector if name.startswith("gd_") else given.segmenter
            model = core.compile_model(given.models / folder / f"{name}.xml", "CPU", options)
            self.requests[name] = model.create_infer_request()
        self.arrays = {name: {key: tensor.numpy() for key, tensor in inputs.items()}
                       for name, inputs in self.inputs.items()}

    def openvino(self, name: str):
        return self.requests[name].infer(self.arrays[name], share_inputs=True, share_outputs=True)

    @torch.inference_mode()
    def torch(self, name: str):
        return self.modules[name](*self.inputs[name].values())


class Pipeline:
    """Grounded tracking as the library transformers does it."""

    def __init__(self, given: argparse.Namespace, detector: tuple, segmenter: tuple, shape: tuple):
        (self.finder, found), (self.follower, followed) = detector, segmenter
        self.side, self.image = followed["image"]["width"], found["image"]
        self.height, self.width = shape[:2]
        library = sys.modules[type(self.follower).__module__]
        kind = getattr(library, next(name for name in dir(library) if name.endswith("VideoInferenceSession")))
        self.session = kind(video_height=self.height, video_width=self.width, dtype=torch.float32)
        names = list(range(1, given.objects + 1))
        for name in names:
            left = self.side * name // (given.objects + 2)
            box = [left, self.side // 4, left + self.side // 4, 3 * self.side // 4]
            self.session.add_point_inputs(self.session.obj_id_to_idx(name), 0, {
                "point_coords": torch.tensor(box, dtype=torch.float32).reshape(1, 1, 2, 2),
                "point_labels": torch.tensor([[[2, 3]]], dtype=torch.int32)})
        self.session.obj_with_new_inputs = names
        is_tiny = self.finder.config.text_config.vocab_size <= max(PROMPT)
        self.tokens = torch.tensor([TINY_PROMPT if is_tiny else PROMPT])

    @torch.inference_mode()
    def track(self, picture: np.ndarray) -> torch.Tensor:
        found = self.follower(self.session, frame=prepared(picture, self.side, self.side))
        masks = found.pred_masks.reshape(-1, 1, *found.pred_masks.shape[-2:])
        return torch.nn.functional.interpolate(masks, (self.height, self.width), mode="bilinear") > 0

    @torch.inference_mode()
    def search(self, picture: np.ndarray) -> torch.Tensor:
        found = self.finder(
            pixel_values=prepared(picture, self.image["width"], self.image["height"]), input_ids=self.tokens,
            attention_mask=torch.ones_like(self.tokens), token_type_ids=torch.zeros_like(self.tokens))
        scores = torch.sigmoid(found.logits[0]).max(-1).values
        return found.pred_boxes[0][scores > 0.25] * torch.tensor([self.width, self.height, self.width, self.height])


class Ours:
    """The program, which waits for a line before each frame."""

    def __init__(self, given: argparse.Namespace):
        command = [
            given.binary, "bench", "detect", "--models", given.models, "--detector", given.detector, "--segmenter",
            given.segmenter, "--from", given.video, "--lead-frames", given.lead, "--frames", given.frames, "--interval",
            given.interval, "--objects", given.objects, "--threads", given.threads, "--step", "--json"]
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.frames: list[dict] = []

    def step(self) -> None:
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the program ended")
        self.frames.append(json.loads(line))

    def report(self) -> dict:
        self.process.stdin.close()
        return json.loads(self.process.stdout.read())


def measured(given: argparse.Namespace) -> tuple[Stopwatch, list[dict], dict]:
    torch.set_num_threads(given.threads)
    clip = frames(given.video, given.lead + given.frames)
    ours = Ours(given)
    detector, segmenter = loaded(given.models, given.detector), loaded(given.models, given.segmenter)
    networks = Networks(given, detector, segmenter, clip[0])
    pipeline = Pipeline(given, detector, segmenter, clip.shape[1:])
    watch = Stopwatch()
    for number in range(given.lead):
        print(f"frame {number} before those that count", file=sys.stderr)
        ours.step()
        pipeline.track(clip[number % len(clip)])
    for name in GRAPHS:
        networks.openvino(name)
        networks.torch(name)
    for _ in range(5):
        watch.run("openvino gd_text", lambda: networks.openvino("gd_text"))
        watch.run("torch gd_text", lambda: networks.torch("gd_text"))
    for number in range(given.lead, given.lead + given.frames):
        print(f"frame {number} of {given.lead + given.frames}", file=sys.stderr)
        is_searched = number % given.interval == 0
        picture = clip[number % len(clip)]

        def graphs(kind: str) -> None:
            for name in GRAPHS[:4] + (("gd_detect",) if is_searched else ()):
                watch.run(f"{kind} {name}", lambda: getattr(networks, kind)(name))

        def whole() -> None:
            start = time.perf_counter()
            pipeline.track(picture)
            tracked = time.perf_counter()
            watch.times["pipeline track"].append(1e3 * (tracked - start))
            if is_searched:
                pipeline.search(picture)
                watch.times["pipeline search"].append(1e3 * (time.perf_counter() - tracked))

        turns = [ours.step, lambda: graphs("openvino"), lambda: graphs("torch"), whole]
        for place in range(len(turns)):
            turns[(number + place) % len(turns)]()
    return watch, [frame for frame in ours.frames if frame["number"] >= given.lead], ours.report()


def rows(watch: Stopwatch, ours: list[dict], report: dict) -> list[dict]:
    def middle(name: str, kind: list[dict]) -> float | None:
        values = [frame["stageMillis"][name] for frame in kind if name in frame["stageMillis"]]
        return statistics.median(values) if values else None

    result = []
    for name in GRAPHS:
        own = report["textMillis"] if name == "gd_text" else middle(name, ours)
        result.append({"what": name, "ours": own, "openvino": watch.median(f"openvino {name}"),
                       "torch": watch.median(f"torch {name}")})
    tracked = [frame["wholeMillis"] for frame in ours if not frame["isSearched"]]
    searched = [frame["wholeMillis"] for frame in ours if frame["isSearched"]]
    track, search = watch.median("pipeline track"), watch.median("pipeline search")
    result.append({"what": "tracked frame", "ours": statistics.median(tracked), "torch": track})
    if searched and search:
        own = statistics.median(searched)
        result.append({"what": "searched frame", "ours": own, "torch": track + search})
        usual = statistics.median(tracked) + (own - statistics.median(tracked)) / USUAL_INTERVAL
        result.append({"what": f"a frame, one in {USUAL_INTERVAL} searched", "ours": usual,
                       "torch": track + search / USUAL_INTERVAL})
    return result


def table(result: list[dict]) -> str:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.0f}" if value >= 100 else f"{value:.1f}"

    def ratio(row: dict, other: str) -> str:
        return f"{row[other] / row['ours']:.2f}" if row.get(other) and row["ours"] else ""

    lines = ["| ms, median | ours | OpenVINO, Python | PyTorch | OpenVINO / ours | PyTorch / ours |",
             "|---|---:|---:|---:|---:|---:|"]
    for row in result:
        cells = [number(row["ours"]), number(row.get("openvino")), number(row.get("torch")), ratio(row, "openvino"),
                 ratio(row, "torch")]
        lines.append(f"| {row['what']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    given = arguments()
    warnings.filterwarnings("ignore")
    watch, ours, report = measured(given)
    result = rows(watch, ours, report)
    overhead = {kind: report[kind]["overheadPercent"] for kind in ("tracked", "searched")}
    if given.json:
        print(json.dumps({"rows": result, "overheadPercent": overhead, "report": report}, indent=2))
        return
    print(table(result))
    print(f"\nours beside the networks: {overhead['tracked']:.1f} % of them in tracked frames, "
          f"{overhead['searched']:.1f} % in searched ones")


if __name__ == "__main__":
    main()
