"""Where a model comes from: the hub, a folder, or a seed."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import (
    AutoConfig, EdgeTamVideoModel, GroundingDinoForObjectDetection, MMGroundingDinoForObjectDetection, Sam2VideoModel)

from . import official, tiny
from .manifest import sha256

# Family -> the library's name for its configuration, and its class.
CLASSES = {
    "sam2": ("sam2_video", Sam2VideoModel),
    "edgetam": ("edgetam_video", EdgeTamVideoModel),
    "grounding-dino": ("grounding-dino", GroundingDinoForObjectDetection),
    "mm-grounding-dino": ("mm-grounding-dino", MMGroundingDinoForObjectDetection),
}
WANTED = ["*.json", "*.safetensors", "vocab.txt", "LICENSE*"]
# Means and deviations of the pictures that all of them were trained on, in shares of white.
NORMALISATION = {"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}


class Unusable(Exception):
    """A checkpoint is not what it should be."""


class Unreachable(Exception):
    """The hub does not answer."""


@dataclass(frozen=True)
class Checkpoint:
    """A model that can be loaded, and what identifies its weights."""

    family: str
    # For the manifest; the same identity means the same weights.
    identity: dict
    folder: Path | None = None
    # Of random models: the catalogue's name, whose configuration is taken.
    name: str = ""
    is_tiny: bool = False

    def load(self, width: int, height: int) -> torch.nn.Module:
        """- Raises: Unusable."""
        if self.folder is None:
            seed = self.identity["seed"]
            if self.is_tiny:
                return tiny.model(self.family, height, seed)
            return official.model(self.name, self.family, height, seed)
        return _loaded(self.folder, self.family, height)

    @property
    def normalisation(self) -> dict:
        """What makes pixels the numbers that the network wants."""
        file = self.folder / "preprocessor_config.json" if self.folder else None
        if file is None or not file.exists():
            return NORMALISATION
        settings = json.loads(file.read_text())
        mean, std = settings.get("image_mean"), settings.get("image_std")
        return {"mean": mean, "std": std} if mean and std else NORMALISATION

    def write_vocabulary(self, target: Path) -> bool:
        """Writes the words of the tokenizer, one a line, where the checkpoint has them."""
        if self.folder is None:
            return False
        if (self.folder / "vocab.txt").exists():
            shutil.copyfile(self.folder / "vocab.txt", target)
            return True
        tokenizer = self.folder / "tokenizer.json"
        if not tokenizer.exists():
            return False
        words = json.loads(tokenizer.read_text())["model"]["vocab"]
        target.write_text("".join(f"{word}\n" for word in sorted(words, key=words.get)))
        return True


def _loaded(folder: Path, family: str, side: int) -> torch.nn.Module:
    kind, model_class = CLASSES[family]
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if config.model_type != kind:
        raise Unusable(f"{folder} holds a model of the kind {config.model_type}, not {kind}")
    channels = 64
    if family in ("sam2", "edgetam"):
        channels = config.memory_encoder_output_channels
        _resize(config, side)
    with tiny.memory_channels(channels):
        model, report = model_class.from_pretrained(
            folder, config=config, dtype=torch.float32, local_files_only=True, output_loading_info=True)
    if report["missing_keys"] or report["mismatched_keys"]:
        lacking = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
        raise Unusable(f"{folder} lacks {len(lacking)} of the model's weights, such as {lacking[0]}")
    return model.eval()


def _resize(config, side: int) -> None:
    config.image_size = side
    config.memory_attention_rope_feat_sizes = [side // 16] * 2
    config.vision_config.backbone_feature_sizes = tiny.feature_sizes(side)
    config.prompt_encoder_config.image_size = side
    if hasattr(config.vision_config.backbone_config, "image_size"):
        config.vision_config.backbone_config.image_size = [side, side]


def from_seed(entry: dict, seed: int, is_tiny: bool) -> Checkpoint:
    identity = {"kind": "random", "size": "tiny" if is_tiny else "full", "seed": seed}
    return Checkpoint(entry["family"], identity, name=entry["name"], is_tiny=is_tiny)


def from_folder(entry: dict, folder: Path) -> Checkpoint:
    """A folder in the form of the hub, with config.json and weights as safetensors.
    - Raises: Unusable."""
    weights = sorted(folder.glob("*.safetensors"))
    if not (folder / "config.json").exists() or not weights:
        raise Unusable(f"{folder} holds no config.json with *.safetensors beside it")
    files = {file.name: sha256(file) for file in [folder / "config.json", *weights]}
    return Checkpoint(entry["family"], {"kind": "folder", "files": files}, folder)


def from_hub(entry: dict, folder: Path, revision: str) -> Checkpoint:
    """Fetches a checkpoint; what an interrupted run fetched is not fetched again.
    - Raises: Unreachable, Unusable."""
    import huggingface_hub

    target = folder / entry["name"]
    try:
        commit = huggingface_hub.HfApi().model_info(entry["repository"], revision=revision).sha
        huggingface_hub.snapshot_download(
            entry["repository"], revision=commit, local_dir=target, allow_patterns=WANTED)
    except Exception as error:  # The library lets many kinds of errors through, those of its HTTP client too.
        reason = str(error).strip().splitlines()
        raise Unreachable(
            f"{entry['repository']} cannot be fetched: {reason[0] if reason else type(error).__name__}; take a folder"
            f" with the checkpoint by --from") from error
    found = from_folder(entry, target)
    identity = {"kind": "hub", "repository": entry["repository"], "revision": commit, "files": found.identity["files"]}
    return Checkpoint(entry["family"], identity, target)
