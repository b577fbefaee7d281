"""The official configurations, for speed and memory measurements with random weights where no checkpoint is at hand."""

import torch
from transformers import (
    BertConfig, EdgeTamVideoConfig, EdgeTamVideoModel, EdgeTamVisionConfig, GroundingDinoConfig,
    GroundingDinoForObjectDetection, MMGroundingDinoConfig, MMGroundingDinoForObjectDetection, Sam2HieraDetConfig,
    Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig, SwinConfig, TimmWrapperConfig)

from .tiny import feature_sizes, randomised

HIERA = {
    "sam2.1-hiera-tiny": {},
    "sam2.1-hiera-small": {"blocks_per_stage": [1, 2, 11, 2], "global_attention_blocks": [7, 10, 13]},
    "sam2.1-hiera-base-plus": {
        "hidden_size": 112, "embed_dim_per_stage": [112, 224, 448, 896], "num_attention_heads": 2,
        "num_attention_heads_per_stage": [2, 4, 8, 16], "blocks_per_stage": [2, 3, 16, 3],
        "global_attention_blocks": [12, 16, 20], "window_positional_embedding_background_size": [14, 14]},
    "sam2.1-hiera-large": {
        "hidden_size": 144, "embed_dim_per_stage": [144, 288, 576, 1152], "num_attention_heads": 2,
        "num_attention_heads_per_stage": [2, 4, 8, 16], "blocks_per_stage": [2, 6, 36, 4],
        "global_attention_blocks": [23, 33, 43], "window_size_per_stage": [8, 4, 16, 8]},
}
SWIN = {
    "grounding-dino-base": {
        "image_size": 384, "embed_dim": 128, "depths": [2, 2, 18, 2], "num_heads": [4, 8, 16, 32], "window_size": 12},
}
SWIN_TINY = {
    "image_size": 224, "embed_dim": 96, "depths": [2, 2, 6, 2], "num_heads": [3, 6, 12, 24], "window_size": 7}


def _sam2(name: str, side: int) -> torch.nn.Module:
    backbone = Sam2HieraDetConfig(image_size=[side, side], **HIERA[name])
    vision = Sam2VisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=backbone.embed_dim_per_stage[::-1],
        backbone_feature_sizes=feature_sizes(side))
    return Sam2VideoModel(Sam2VideoConfig(
        vision_config=vision.to_dict(), image_size=side, prompt_encoder_config={"image_size": side},
        memory_attention_rope_feat_sizes=[side // 16] * 2))


def _edgetam(side: int) -> torch.nn.Module:
    # Left alone, the library takes the backbone of SAM 2.
    backbone = TimmWrapperConfig(
        architecture="repvit_m1.dist_in1k", do_pooling=False, label_names=["a", "b"],
        model_args={"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]})
    vision = EdgeTamVisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=[384, 192, 96, 48],
        backbone_feature_sizes=feature_sizes(side))
    return EdgeTamVideoModel(EdgeTamVideoConfig(
        vision_config=vision.to_dict(), image_size=side, prompt_encoder_config={"image_size": side},
        memory_attention_rope_feat_sizes=[side // 16] * 2))


def _grounding(name: str, family: str) -> torch.nn.Module:
    swin = SwinConfig(out_indices=[2, 3, 4], **SWIN.get(name, SWIN_TINY))
    parts = {"backbone_config": swin.to_dict(), "text_config": BertConfig().to_dict()}
    if family == "grounding-dino":
        return GroundingDinoForObjectDetection(GroundingDinoConfig(**parts))
    return MMGroundingDinoForObjectDetection(MMGroundingDinoConfig(**parts))


def model(name: str, family: str, side: int, seed: int) -> torch.nn.Module:
    """An official model with random weights."""
    torch.manual_seed(seed)
    makers = {"sam2": lambda: _sam2(name, side), "edgetam": lambda: _edgetam(side)}
    return randomised(makers.get(family, lambda: _grounding(name, family))(), seed)
