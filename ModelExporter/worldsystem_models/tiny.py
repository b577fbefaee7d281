"""Models of the same structure as the official ones with small sizes, and seeded random weights for any model."""

import math
from contextlib import contextmanager

import torch
from transformers import (
    BertConfig, EdgeTamVideoConfig, EdgeTamVideoModel, EdgeTamVisionConfig, GroundingDinoConfig,
    GroundingDinoForObjectDetection, MMGroundingDinoConfig, MMGroundingDinoForObjectDetection, Sam2HieraDetConfig,
    Sam2VideoConfig, Sam2VideoModel, Sam2VisionConfig, SwinConfig, TimmWrapperConfig)
from transformers.models.edgetam_video import modeling_edgetam_video
from transformers.models.sam2_video import modeling_sam2_video

CHANNELS = 32
MEMORY_CHANNELS = 8
# [CLS], [SEP], full stop and question mark of a vocabulary of 256 words.
SPECIAL_TOKENS = (1, 2, 3, 4)


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
        if hasattr(model, "prompt_encoder"):
            shared = model.shared_image_embedding.positional_embedding
            model.prompt_encoder.shared_embedding.positional_embedding.copy_(shared)
    return model.eval()


@contextmanager
def memory_channels(count: int):
    """The library has 64 memory channels written into its memory attention."""
    classes = (modeling_sam2_video.Sam2VideoRoPEAttention, modeling_edgetam_video.EdgeTamVideoRoPECrossAttention)
    originals = [one.__init__ for one in classes]

    def replacement(original):
        def init(self, config, kv_in_dim=None, *rest, **named):
            original(self, config, count if kv_in_dim == 64 else kv_in_dim, *rest, **named)

        return init

    for one, original in zip(classes, originals):
        one.__init__ = replacement(original)
    try:
        yield
    finally:
        for one, original in zip(classes, originals):
            one.__init__ = original


def feature_sizes(side: int) -> list[list[int]]:
    return [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2]


def _video_sizes(side: int, layers: int) -> dict:
    grid = side // 16
    return {
        "image_size": side, "memory_attention_rope_feat_sizes": [grid, grid],
        "memory_attention_hidden_size": CHANNELS, "memory_attention_num_layers": layers,
        "memory_encoder_hidden_size": CHANNELS, "memory_encoder_output_channels": MEMORY_CHANNELS,
        "mask_downsampler_embed_dim": CHANNELS, "memory_fuser_embed_dim": CHANNELS,
        "memory_fuser_intermediate_dim": 32, "memory_fuser_num_layers": 1,
        "prompt_encoder_config": {"image_size": side, "hidden_size": CHANNELS, "mask_input_channels": 4},
        "mask_decoder_config": {
            "hidden_size": CHANNELS, "mlp_dim": 32, "num_attention_heads": 2, "iou_head_hidden_dim": CHANNELS},
    }


def sam2(side: int) -> torch.nn.Module:
    backbone = Sam2HieraDetConfig(
        hidden_size=8, embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads=1,
        num_attention_heads_per_stage=[1, 1, 2, 2], blocks_per_stage=[1, 1, 2, 1], global_attention_blocks=[3],
        window_size_per_stage=[8, 4, 4, 2], image_size=[side, side], mlp_ratio=2.0)
    vision = Sam2VisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=feature_sizes(side), fpn_hidden_size=CHANNELS)
    config = Sam2VideoConfig(
        vision_config=vision.to_dict(), memory_attention_feed_forward_hidden_size=32, **_video_sizes(side, layers=2))
    with memory_channels(MEMORY_CHANNELS):
        return Sam2VideoModel(config)


def edgetam(side: int) -> torch.nn.Module:
    arguments = {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3], "embed_dim": (8, 8, 16, 16),
                 "depth": (1, 1, 1, 1)}
    backbone = TimmWrapperConfig(
        architecture="repvit_m1.dist_in1k", model_args=arguments, do_pooling=False, label_names=["a", "b"])
    vision = EdgeTamVisionConfig(
        backbone_config=backbone.to_dict(), backbone_channel_list=[16, 16, 8, 8],
        backbone_feature_sizes=feature_sizes(side), fpn_hidden_size=CHANNELS)
    windows = max(1, side // 64)
    config = EdgeTamVideoConfig(
        vision_config=vision.to_dict(), memory_attention_mlp_hidden_size=32,
        memory_attention_rope_k_sizes=[windows, windows], perceiver_resampler_num_latents_2d=windows * windows,
        perceiver_resampler_num_latents=windows * windows, perceiver_resampler_hidden_size=8,
        perceiver_resampler_mlp_intermediate_size=16, perceiver_resampler_attention_head_dim=8,
        perceiver_resampler_num_layers=1, **_video_sizes(side, layers=1))
    with memory_channels(MEMORY_CHANNELS):
        return EdgeTamVideoModel(config)


def _grounding_sizes() -> dict:
    swin = SwinConfig(
        image_size=64, embed_dim=12, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4,
        out_indices=[2, 3, 4], mlp_ratio=2.0)
    bert = BertConfig(
        vocab_size=256, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64)
    return {
        "backbone_config": swin.to_dict(), "text_config": bert.to_dict(), "d_model": CHANNELS, "encoder_layers": 1,
        "decoder_layers": 2, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "num_queries": 100, "max_text_len": 256}


def grounding_dino(_: int) -> torch.nn.Module:
    return GroundingDinoForObjectDetection(GroundingDinoConfig(**_grounding_sizes()))


def mm_grounding_dino(_: int) -> torch.nn.Module:
    return MMGroundingDinoForObjectDetection(MMGroundingDinoConfig(**_grounding_sizes()))


MAKERS = {"sam2": sam2, "edgetam": edgetam, "grounding-dino": grounding_dino, "mm-grounding-dino": mm_grounding_dino}


def model(family: str, side: int, seed: int) -> torch.nn.Module:
    """A tiny model of a family, with the same weights for the same seed everywhere."""
    torch.manual_seed(seed)
    return randomised(MAKERS[family](side), seed)
