#!/usr/bin/env python3
"""Writes what the reference makes of a whole clip, pictures in, boxes, masks and ids out: Fixtures/clip.<family>.jsonl.

usage: make_goldens.py [FAMILY ...]

The reference is GroundingDinoForObjectDetection and the streaming Sam2VideoModel and EdgeTamVideoModel of transformers
with the seeded random weights of the tiny models, joined by the rules of grounded tracking as reference_tracker.py has
them. Needs torch 2.15, torchvision, scipy, timm and transformers 5.24.
"""

import argparse
import copy
import importlib.util
import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from reference_tracker import ReferenceTracker, bounds

FOLDER = Path(__file__).parent
FRAMES = 64
STEP = 40_000_000
INTERVAL, GAP, SCENE = 9, 4, 24.0
# Frame by frame what is looked for.
PROMPTS = {0: "red car. person. dog.", 33: "big tree? dog. boat."}
SCENE_FRAME = 48
OPTIONS = {"held": 400_000_000, "overlap": 0.2, "prompt_overlap": 0.3, "misses": 2}
# SAM 2's random networks see nearly the same of every object, and then the last digits decide whose a pixel is.
TRACKS = {"sam2": 2, "edgetam": 3}


def module(name: str, folder: str):
    specification = importlib.util.spec_from_file_location(name, FOLDER.parent / folder / "make_goldens.py")
    loaded = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(loaded)
    return loaded


grounding = module("grounding", "DetectionTests")
segmentation = module("segmentation", "SegmentationTests")
WIDTH, HEIGHT = grounding.PICTURE


def picture(frame: int) -> np.ndarray:
    """The pictures of the detector's goldens; from one frame on another scene, their negative."""
    image = grounding.picture(frame)
    return image if frame < SCENE_FRAME else 255 - image


def pixels(image: np.ndarray) -> torch.Tensor:
    """As the segmenter's processor prepares a picture: [1, 3, side, side]."""
    side = segmentation.SIDE
    planes = torch.tensor(image).permute(2, 0, 1)[None]
    resized = F.interpolate(planes, (side, side), mode="bilinear", align_corners=False, antialias=True)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return (resized.float() / 255 - mean[:, None, None]) / deviation[:, None, None]


def scene_of(image: np.ndarray) -> list:
    grey = (77 * image[..., 0].astype(int) + 150 * image[..., 1] + 29 * image[..., 2]) >> 8
    rows, columns = np.arange(HEIGHT) * 8 // HEIGHT, np.arange(WIDTH) * 8 // WIDTH
    return [int(grey[rows == row][:, columns == column].sum()) // int((rows == row).sum() * (columns == column).sum())
            for row in range(8) for column in range(8)]


def scene_change(scene: list, last: list) -> float:
    differences = np.array(scene, float) - np.array(last, float)
    return float(np.abs(differences - differences.mean()).mean())


class Masks:
    """The segmenter's session, in pixels of the picture."""

    def __init__(self, family: str):
        self.model, self.library = (
            (segmentation.sam2(), segmentation.sam2_video) if family == "sam2"
            else (segmentation.edgetam(), segmentation.edgetam_video))
        name = next(name for name in dir(self.library) if name.endswith("VideoInferenceSession"))
        self.session = getattr(self.library, name)(video_height=HEIGHT, video_width=WIDTH, dtype=torch.float32)
        self.margins, self.ties = [], 0

    @property
    def objects(self) -> list:
        return list(self.session.obj_ids)

    def remove(self, identifier: int) -> None:
        segmentation.remove(self.session, identifier)

    def look(self, frame: int, image: torch.Tensor) -> tuple:
        """What would be found without prompts: ids, logits and scores."""
        return self.run(copy.deepcopy(self.session), image)

    def track(self, frame: int, image: torch.Tensor, prompts: list) -> tuple:
        for identifier, box in prompts:
            scale = torch.tensor([segmentation.SIDE / WIDTH, segmentation.SIDE / HEIGHT])
            corners = torch.tensor([box[:2], box[2:]], dtype=torch.float32) * scale
            self.session.add_point_inputs(self.session.obj_id_to_idx(identifier), frame, {
                "point_coords": corners[None, None], "point_labels": torch.tensor([[[2, 3]]], dtype=torch.int32)})
        self.session.obj_with_new_inputs = [identifier for identifier, _ in prompts]
        if not self.session.obj_ids:
            self.session.add_new_frame(image)
            return [], None, []
        return self.run(self.session, image)

    def run(self, session, image: torch.Tensor) -> tuple:
        output = self.model(session, frame=image)
        logits = output.pred_masks.reshape(-1, 1, segmentation.SIDE // 4, segmentation.SIDE // 4)
        return list(output.object_ids), logits, output.object_score_logits.flatten().tolist()

    def masks(self, found: tuple, without: list = ()) -> dict:
        """By object, each pixel of one only; None where it is hidden."""
        identifiers, logits, scores = found
        kept = [place for place, identifier in enumerate(identifiers) if identifier not in without]
        if not kept:
            return {}
        large = F.interpolate(logits[kept], (HEIGHT, WIDTH), mode="bilinear", align_corners=False)[:, 0]
        best = large.argmax(0, keepdim=True) == torch.arange(len(kept))[:, None, None]
        binary = (best & (large > 0)).numpy()
        # Pixels where the last digits decide: of two objects, or of one and none.
        seen = large[[scores[place] > 0 for place in kept]].clamp(min=0)
        first, second = torch.cat([seen, torch.zeros(2, HEIGHT, WIDTH)]).topk(2, 0).values
        self.ties += int(((first > 0) & (first > second) & (first - second < 2e-5)).sum())
        self.margins += [abs(scores[place]) for place in kept]
        return {identifiers[place]: mask if scores[place] > 0 and mask.any() else None
                for place, mask in zip(kept, binary)}


def observations(found: list, prompt: str) -> list:
    phrases = [phrase.strip() for phrase in prompt.replace("?", ".").split(".") if phrase.strip()]
    result = []
    for one in found:
        label = phrases[one["category"]] if one["category"] is not None else one["label"]
        result.append({"box": one["box"], "label": label, "score": one["score"]})
    return result, phrases


@torch.inference_mode()
def clip(family: str) -> list:
    detector, segmenter = grounding.detector(), Masks(family)
    tracker = ReferenceTracker({**OPTIONS, "tracks": TRACKS[family]})
    labels, in_sight, since, pending, scene, lines = {}, set(), 0, set(), None, []
    prompt, phrases = "", []

    def end(identifiers) -> None:
        nonlocal in_sight
        tracker.tracks = [track for track in tracker.tracks if track.identifier not in identifiers]
        for identifier in identifiers:
            if identifier in segmenter.objects:
                segmenter.remove(identifier)
            labels.pop(identifier, None)
        in_sight = in_sight - set(identifiers)

    for frame in range(FRAMES):
        nanos = frame * STEP
        if frame in PROMPTS:
            prompt = PROMPTS[frame]
            phrases = observations([], prompt)[1]
            pending.add("prompt")
            end([identifier for identifier, label in labels.items() if label not in phrases])
        image = picture(frame)
        prepared = pixels(image)
        followed = segmenter.objects
        masks = segmenter.masks(segmenter.look(frame, prepared)) if followed else {}
        visible = {identifier for identifier, mask in masks.items() if mask is not None}
        if in_sight - visible:
            pending.add("lost")
        in_sight = visible
        since += 1
        now = scene_of(image)
        if scene is not None and scene_change(now, scene) > SCENE:
            pending.add("scene")
        scene = now
        reason = next((one for one in ("prompt", "scene") if one in pending), None)
        if reason is None and "lost" in pending and since >= GAP:
            reason = "lost"
        if reason is None and since >= INTERVAL:
            reason = "interval"
        shown, ended = tracker.follow(masks, nanos)
        started = []
        if reason is None:
            segmenter.track(frame, prepared, [])
        else:
            found = grounding.detect(detector, image, prompt)
            since, pending = 0, set()
            seen, _ = observations(found, prompt)
            matched, started, gone = tracker.associate(seen, nanos)
            started = [one for one in started if one[0] not in gone]
            for identifier, index in started:
                labels[identifier] = seen[index]["label"]
            prompts = sorted([(identifier, seen[index]["box"]) for identifier, index, needs in matched if needs]
                             + [(identifier, seen[index]["box"]) for identifier, index in started])
            masks = segmenter.masks(segmenter.track(frame, prepared, prompts), without=gone)
            in_sight = {identifier for identifier, mask in masks.items() if mask is not None}
            shown, late = tracker.follow(masks, nanos)
            ended = ended + gone + late
        end(ended)
        for track in shown:
            labels[track.identifier] = track.votes.label
        lines.append({
            "prompt": PROMPTS.get(frame), "reason": reason, "started": [identifier for identifier, _ in started],
            "ended": sorted(ended), "followed": segmenter.objects,
            "objects": [
                {"id": track.identifier, "label": track.votes.label, "score": round(track.score, 5),
                 "box": bounds(track.mask), "counts": segmentation.counts(track.mask)}
                for track in shown if track.identifier not in ended]})
    print(f"{family}: smallest |object score| {min(segmenter.margins):.5f}")
    print(f"{family}: nearest to a limit {min(tracker.margins):.5f}, pixels as good as undecided {segmenter.ties}")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", default=["sam2", "edgetam"], metavar="FAMILY")
    for family in parser.parse_args().families:
        lines = clip(family)
        target = FOLDER / "Fixtures" / f"clip.{family}.jsonl"
        target.write_text("".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines))
        print(target.name, target.stat().st_size, "bytes,", sum(len(line["objects"]) for line in lines), "sightings of",
              len({one["id"] for line in lines for one in line["objects"]}), "objects; started",
              sum(len(line["started"]) for line in lines), "ended", sum(len(line["ended"]) for line in lines),
              "searched", [(frame, line["reason"]) for frame, line in enumerate(lines) if line["reason"]])


if __name__ == "__main__":
    main()
