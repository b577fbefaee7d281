#!/usr/bin/env python3
"""Writes what the reference implementation makes of a clip with objects that come and go: Fixtures/clip.<family>.jsonl.

usage: make_goldens.py [--prompt-mask DIR] [FAMILY ...]

  --prompt-mask DIR   also write the network prompt_mask of the tiny models, as DIR/FAMILY/prompt_mask.xml

The reference is Sam2VideoModel and EdgeTamVideoModel of transformers, streaming, with the seeded random weights of the
tiny models: the same as those of the graphs that the test runs. Needs torch 2.15,
transformers 5.24, timm, and for the network openvino.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from transformers import (
    EdgeTamVideoConfig, EdgeTamVideoModel, EdgeTamVisionConfig, Sam2HieraDetConfig, Sam2VideoConfig, Sam2VideoModel,
    Sam2VisionConfig, TimmWrapperConfig)
from transformers.models.edgetam_video import modeling_edgetam_video as edgetam_video
from transformers.models.sam2_video import modeling_sam2_video as sam2_video

SIDE = 64
CHANNELS = 32
MEMORY_CHANNELS = 8
# Of the picture that the prompts and masks are in.
WIDTH, HEIGHT = 48, 27
FRAMES = 64
MASK_FRAMES = 12
SEEDS = {"sam2": 1, "edgetam": 6}

# frame -> what happens before it; places in pixels of the picture.
EVENTS = {
    0: [("show", 1, {"box": [5, 4, 23, 15]}), ("show", 2, {"points": [[30, 15, 1]]})],
    10: [("show", 3, {"box": [15, 5, 45, 25], "points": [[35, 20, 0]]})],
    20: [("remove", 2, None)],
    25: [("show", 1, {"box": [10, 5, 30, 18]})],
    30: [("show", 4, {"points": [[10, 20, 1], [15, 22, 1], [40, 5, 0]]}), ("show", 5, {"box": [20, 2, 45, 13]})],
    45: [("remove", 1, None)],
    50: [("show", 6, {"box": [0, 10, 25, 27]}), ("remove", 3, None)],
}

# A clip with a mask, which is empty where it shows nothing.
MASK_EVENTS = {
    0: [("show", 1, {"mask": [6, 4, 30, 18]}), ("show", 2, {"box": [20, 6, 44, 24]})],
    5: [("show", 3, {"mask": [15, 5, 40, 24]})],
    8: [("show", 2, {"mask": [0, 0, 0, 0]})],
}


def mixed(x: np.ndarray, y: np.ndarray, channel: int, frame: int) -> np.ndarray:
    """32 bits that look random, from four numbers."""
    value = (x.astype(np.uint64) * 73856093) ^ (y.astype(np.uint64) * 19349663)
    value = (value ^ np.uint64(channel * 83492791) ^ np.uint64(frame * 2654435761)) & np.uint64(0xFFFFFFFF)
    value ^= value >> np.uint64(13)
    value = value * np.uint64(0x5BD1E995) & np.uint64(0xFFFFFFFF)
    return value ^ (value >> np.uint64(15))


def pixels(frame: int) -> torch.Tensor:
    """A still texture in blocks, noise, and a bright square that goes to and fro; multiples of 1/64, so exact."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    left = frame % 40 if frame % 80 < 40 else 40 - frame % 40
    square = (x >= left) & (x < left + 20) & (y >= 12) & (y < 34)
    planes = []
    for channel in range(3):
        texture = mixed(x // 4, y // 4, channel, 0).astype(np.int64) % 192 - 96
        noise = mixed(x, y, channel, frame + 1).astype(np.int64) % 48 - 24
        planes.append((texture + noise + square * 64 * (channel + 1) // 2) / 64)
    return torch.tensor(np.stack(planes), dtype=torch.float32)


def randomised(model: torch.nn.Module, seed: int) -> torch.nn.Module:
    """Seeded weights everywhere: the library leaves many parameters of the video models at zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.ndim >= 2 and "norm" not in name:
                parameter.copy_(noise * min(0.5, 1 / math.sqrt(max(parameter[0].numel(), 1))))
            elif name.endswith("bias"):
                parameter.copy_(noise * 0.02)
            elif "norm" in name and name.endswith("weight"):
                parameter.copy_(1 + 0.1 * noise)
            else:
                parameter.copy_(noise * 0.1)
        for name, buffer in model.named_buffers():
            if "positional_embedding" in name and buffer.is_floating_point():
                buffer.copy_(torch.randn(buffer.shape, generator=generator))
        shared = model.shared_image_embedding.positional_embedding
        model.prompt_encoder.shared_embedding.positional_embedding.copy_(shared)
    return model.eval()


def with_memory_channels(attention: type) -> None:
    """The library has 64 memory channels written into its memory attention."""
    original = attention.__init__

    def init(self, config, kv_in_dim=None, *rest, **named):
        original(self, config, MEMORY_CHANNELS if kv_in_dim == 64 else kv_in_dim, *rest, **named)

    attention.__init__ = init


def common(layers: int) -> dict:
    grid = SIDE // 16
    return {
        "image_size": SIDE, "memory_attention_rope_feat_sizes": [grid, grid],
        "memory_attention_hidden_size": CHANNELS, "memory_attention_num_layers": layers,
        "memory_encoder_hidden_size": CHANNELS, "memory_encoder_output_channels": MEMORY_CHANNELS,
        "mask_downsampler_embed_dim": CHANNELS, "memory_fuser_embed_dim": CHANNELS,
        "memory_fuser_intermediate_dim": 32, "memory_fuser_num_layers": 1,
        "prompt_encoder_config": {"image_size": SIDE, "hidden_size": CHANNELS, "mask_input_channels": 4},
        "mask_decoder_config": {
            "hidden_size": CHANNELS, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": CHANNELS},
    }


FEATURE_SIZES = [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2]


def sam2() -> torch.nn.Module:
    backbone = Sam2HieraDetConfig(
        hidden_size=8, embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads=1,
        num_attention_heads_per_stage=[1, 1, 2, 2], blocks_per_stage=[1, 1, 2, 1], global_attention_blocks=[3],
        window_size_per_stage=[8, 4, 4, 2], image_size=[SIDE, SIDE], mlp_ratio=2.0)
    vision = Sam2VisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=backbone.embed_dim_per_stage[::-1],
        backbone_feature_sizes=FEATURE_SIZES, fpn_hidden_size=CHANNELS)
    config = Sam2VideoConfig(
        vision_config=vision.to_dict(), memory_attention_feed_forward_hidden_size=32, **common(layers=2))
    with_memory_channels(sam2_video.Sam2VideoRoPEAttention)
    model = randomised(Sam2VideoModel(config), SEEDS["sam2"])
    model.config._attn_implementation = "sdpa"
    return model


def edgetam() -> torch.nn.Module:
    arguments = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3], "embed_dim": (8, 8, 16, 16),
                 "depth": (1, 1, 1, 1)}
    backbone = TimmWrapperConfig(
        architecture="repvit_m1.dist_in1k", model_args=arguments, do_pooling=False, label_names=["a", "b"])
    vision = EdgeTamVisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=[16, 16, 8, 8],
        backbone_feature_sizes=FEATURE_SIZES, fpn_hidden_size=CHANNELS)
    config = EdgeTamVideoConfig(
        vision_config=vision.to_dict(), memory_attention_mlp_hidden_size=32, memory_attention_rope_k_sizes=[1, 1],
        perceiver_resampler_num_latents_2d=1, perceiver_resampler_num_latents=1, perceiver_resampler_hidden_size=8,
        perceiver_resampler_mlp_intermediate_size=16, perceiver_resampler_attention_head_dim=8,
        perceiver_resampler_num_layers=1, **common(layers=1))
    with_memory_channels(edgetam_video.EdgeTamVideoRoPECrossAttention)
    model = randomised(EdgeTamVideoModel(config), SEEDS["edgetam"])
    original = model._use_mask_as_output

    def with_score_axis(*arguments):
        """The library leaves out an axis here, and then cannot put masks and boxes together."""
        output = original(*arguments)
        output.object_score_logits = output.object_score_logits.unsqueeze(-1)
        return output

    model._use_mask_as_output = with_score_axis
    return model


def show(session, frame: int, identifier: int, prompt: dict) -> None:
    """A prompt, as the library's processor hands it on."""
    scale = torch.tensor([SIDE / WIDTH, SIDE / HEIGHT])
    place = session.obj_id_to_idx(identifier)
    if "mask" in prompt:
        left, top, right, bottom = prompt["mask"]
        mask = torch.zeros(1, 1, HEIGHT, WIDTH)
        mask[..., top:bottom, left:right] = 1
        large = F.interpolate(mask, (SIDE, SIDE), mode="bilinear", align_corners=False, antialias=True)
        session.add_mask_inputs(place, frame, (large >= 0.5).float())
        return
    box, points = prompt.get("box", []), prompt.get("points", [])
    places = [box[:2], box[2:]] if box else []
    labels = ([2, 3] if box else []) + [point[2] for point in points]
    coordinates = torch.tensor(places + [point[:2] for point in points], dtype=torch.float32) * scale
    session.add_point_inputs(place, frame, {
        "point_coords": coordinates[None, None], "point_labels": torch.tensor([[labels]], dtype=torch.int32)})


def remove(session, identifier: int) -> None:
    """Takes an object out of a session; the library has no way to."""
    kept = [one for one in session.obj_ids if one != identifier]
    for name in ("point_inputs_per_obj", "mask_inputs_per_obj", "output_dict_per_obj", "frames_tracked_per_obj"):
        old = getattr(session, name)
        setattr(session, name, {place: old[session._obj_id_to_idx[one]] for place, one in enumerate(kept)})
    session._obj_id_to_idx = {one: place for place, one in enumerate(kept)}
    session._obj_idx_to_id = dict(enumerate(kept))
    session.obj_ids = kept


def counts(mask: np.ndarray) -> str:
    """COCO's compressed run lengths."""
    flat = mask.flatten(order="F").astype(np.int8)
    edges = np.flatnonzero(np.diff(flat)) + 1
    runs = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    if flat[0]:
        runs = [0] + runs
    text = ""
    for index, run in enumerate(runs):
        value = run - runs[index - 2] if index > 2 else run
        more = True
        while more:
            group = value & 0x1F
            value >>= 5
            more = value != -1 if group & 0x10 else value != 0
            text += chr((group | (0x20 if more else 0)) + 48)
    return text


def exclusive(logits: torch.Tensor) -> np.ndarray:
    """Masks of the picture's size, each pixel of one object only, as the library's processor makes them."""
    large = F.interpolate(logits, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
    keep = large.argmax(0, keepdim=True) == torch.arange(len(large))[:, None, None, None]
    return (torch.where(keep, large, large.clamp(max=-10)) > 0)[:, 0].numpy()


@torch.inference_mode()
def clip(model: torch.nn.Module, library, events: dict, frames: int) -> list:
    session_type = getattr(library, next(name for name in dir(library) if name.endswith("VideoInferenceSession")))
    session = session_type(video_height=HEIGHT, video_width=WIDTH, dtype=torch.float32)
    results = []
    for frame in range(frames):
        shown = []
        for action, identifier, prompt in events.get(frame, []):
            if action == "remove":
                remove(session, identifier)
            else:
                show(session, frame, identifier, prompt)
                shown.append(identifier)
        session.obj_with_new_inputs = shown
        output = model(session, frame=pixels(frame)[None])
        logits = output.pred_masks.reshape(-1, 1, SIDE // 4, SIDE // 4)
        scores = output.object_score_logits.flatten().tolist()
        results.append([
            {"id": identifier, "score": round(score, 6), "mean": round(float(mask.mean()), 6), "counts": counts(binary)}
            for identifier, score, mask, binary in zip(output.object_ids, scores, logits, exclusive(logits))])
    return results


class PromptMask(torch.nn.Module):
    """Takes masks for objects as they are: what is said and remembered of an object that a mask shows.

    feat [1, C, g, g] and mask [B, 1, S, S] of 0 and 1 -> low_res_mask [B, 1, S/4, S/4], object_score [B, 1],
    object_pointer [B, C], mem [B, L, c]; as `_use_mask_as_output` and `_encode_new_memory` of the library.
    """

    OUTPUTS = ("low_res_mask", "object_score", "object_pointer", "mem")

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model
        unit = torch.eye(SIDE)[None, None]
        # Reducing with antialiasing is a product with a matrix: the reduced unit matrix.
        reduction = F.interpolate(unit, (SIDE // 4, SIDE), mode="bilinear", align_corners=False, antialias=True)
        self.register_buffer("reduction", reduction[0, 0])
        with torch.no_grad():
            self.register_buffer("places", model.get_image_wide_positional_embeddings().clone())

    def pointer(self, feat: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        model, decoder = self.model, self.model.mask_decoder
        count = mask.shape[0]
        nowhere = torch.zeros(1, 1, 1, 2)
        sparse, _ = model.prompt_encoder(nowhere, -torch.ones(1, 1, 1, dtype=torch.int64), None, None)
        dense = model.prompt_encoder.mask_embed(model.mask_downsample(mask))
        tokens = torch.cat(
            [decoder.obj_score_token.weight, decoder.iou_token.weight, decoder.mask_tokens.weight], 0)[None, None]
        tokens = torch.cat([tokens, sparse], 2).expand(count, -1, -1, -1)
        told, _ = decoder.transformer(
            point_embeddings=tokens, image_embeddings=feat.expand(count, -1, -1, -1) + dense,
            image_positional_embeddings=self.places, attention_similarity=None)
        overlaps = decoder.iou_prediction_head(told[:, :, 1, :])[:, 0]
        best = F.one_hot(overlaps[:, 1:].argmax(-1) + 1, decoder.num_mask_tokens).to(told.dtype)
        token = (told[:, 0, 2:2 + decoder.num_mask_tokens] * best[:, :, None]).sum(1)
        seen = (decoder.pred_obj_score_head(told[:, :, 0, :])[:, 0] > 0).to(told.dtype)
        return seen * model.object_pointer_proj(token) + (1 - seen) * model.no_object_pointer

    def memory(self, feat: torch.Tensor, mask: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        model, encoder = self.model, self.model.memory_encoder
        config = model.config
        reduced = encoder.mask_downsampler(
            mask * config.sigmoid_scale_for_mem_enc + config.sigmoid_bias_for_mem_enc)
        fused = encoder.feature_projection(feat.expand(mask.shape[0], -1, -1, -1)) + reduced
        memory = encoder.projection(encoder.memory_fuser(fused))
        if model.occlusion_spatial_embedding_parameter is not None:
            memory = memory + ((1 - seen) * model.occlusion_spatial_embedding_parameter)[..., None, None]
        if not hasattr(model, "spatial_perceiver"):
            return memory.flatten(2).transpose(1, 2)
        grid = SIDE // 16
        places = encoder.position_encoding(
            torch.Size([1, MEMORY_CHANNELS, grid, grid]), memory.device, memory.dtype)
        return perceived(model.spatial_perceiver, memory, places)

    def forward(self, feat: torch.Tensor, mask: torch.Tensor):
        logits = mask * 20 - 10
        seen = (mask.flatten(1).amax(1, keepdim=True) > 0).to(mask.dtype)
        pointer = seen * self.pointer(feat, mask) + (1 - seen) * self.model.no_object_pointer
        low = self.reduction @ logits @ self.reduction.T
        return low, seen * 20 - 10, pointer, self.memory(feat, mask, seen)


def perceived(perceiver: torch.nn.Module, memory: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """EdgeTAM's summary of a memory, with shapes that a graph can leave open."""
    count, channels, grid = memory.shape[0], int(memory.shape[1]), int(memory.shape[2])
    flat = memory.permute(0, 2, 3, 1).flatten(1, 2)
    places = places.permute(0, 2, 3, 1).flatten(1, 2).expand(count, -1, -1)
    whole = perceiver.latents_1d.unsqueeze(0).expand(count, -1, -1)
    for layer in perceiver.layers:
        whole = layer(whole, flat, places)
    windows = math.isqrt(perceiver.num_latents_2d)
    size = grid // windows
    parts = perceiver.latents_2d.unsqueeze(0).expand(count, -1, -1).reshape(-1, 1, channels)
    tiles = memory.permute(0, 2, 3, 1).reshape(-1, windows, size, windows, size, channels)
    tiles = tiles.permute(0, 1, 3, 2, 4, 5).reshape(-1, size * size, channels)
    for layer in perceiver.layers:
        parts = layer(parts, tiles, positional_encoding=None)
    parts = perceiver.layer_norm(parts.reshape(-1, windows * windows, channels))
    return torch.cat([perceiver.layer_norm(whole), parts], 1)


def export_prompt_mask(model: torch.nn.Module, target: Path) -> None:
    import openvino

    grid = SIDE // 16
    example = {"feat": torch.randn(1, CHANNELS, grid, grid), "mask": (torch.rand(2, 1, SIDE, SIDE) > 0.5).float()}
    with torch.no_grad():
        converted = openvino.convert_model(PromptMask(model).eval(), example_input=example, verbose=False)
    for port, name in zip(converted.inputs, example):
        port.get_tensor().set_names({name})
        port.get_node().set_friendly_name(name)
    for port, name in zip(converted.outputs, PromptMask.OUTPUTS):
        port.get_tensor().set_names({name})
    converted.reshape({"feat": [1, CHANNELS, grid, grid], "mask": [-1, 1, SIDE, SIDE]})
    target.parent.mkdir(parents=True, exist_ok=True)
    openvino.save_model(converted, target, compress_to_fp16=False)


def described(events: dict, frame: int) -> dict:
    happening = events.get(frame, [])
    return {
        "removed": [identifier for action, identifier, _ in happening if action == "remove"],
        "prompts": [{"id": identifier, **prompt} for action, identifier, prompt in happening if action == "show"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", default=list(SEEDS), metavar="FAMILY")
    parser.add_argument("--prompt-mask", type=Path, metavar="DIR")
    arguments = parser.parse_args()
    for family in arguments.families:
        model, library = (sam2(), sam2_video) if family == "sam2" else (edgetam(), edgetam_video)
        write(f"clip.{family}.jsonl", EVENTS, clip(model, library, EVENTS, FRAMES))
        write(f"masks.{family}.jsonl", MASK_EVENTS, clip(model, library, MASK_EVENTS, MASK_FRAMES))
        if arguments.prompt_mask:
            export_prompt_mask(model, arguments.prompt_mask / family / "prompt_mask.xml")


def write(name: str, events: dict, results: list) -> None:
    lines = [json.dumps({**described(events, frame), "objects": objects}, separators=(",", ":"))
             for frame, objects in enumerate(results)]
    target = Path(__file__).parent / "Fixtures" / name
    target.write_text("\n".join(lines) + "\n")
    scores = [abs(one["score"]) for frame in results for one in frame]
    visible = sum(one["score"] > 0 for frame in results for one in frame)
    print(f"{name}: {target.stat().st_size} bytes, {visible} of {len(scores)} visible,"
          f" smallest |score| {min(scores):.4f}")


if __name__ == "__main__":
    main()
