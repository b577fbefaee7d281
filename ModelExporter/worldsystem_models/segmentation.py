"""The networks of SAM 2 and EdgeTAM: a frame's features, masks from prompts or memory, and what is remembered of them.

S is the side of the picture, g = S/16, C and c the channels of features and of memory, L the tokens of one remembered
frame, B objects, N points.

Source: Ravi et al. 2024, "SAM 2: Segment Anything in Images and Videos"; Zhou et al. 2025, "EdgeTAM: On-Device Track
Anything Model"; the models are those of the library transformers.
"""

import math

import torch
import torch.nn.functional as F

# What masks of objects that are not in the picture are filled with.
NO_OBJECT = -1024.0


class EncodeImage(torch.nn.Module):
    """pixel_values [1, 3, S, S] -> feat_s0 [1, C/8, S/4, S/4], feat_s1 [1, C/4, S/8, S/8], feat_top and feat_init
    [1, C, g, g]: the same without and with the mark of a frame without memory."""

    OUTPUTS = ("feat_s0", "feat_s1", "feat_top", "feat_init")

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor):
        levels = self.model.get_image_features(pixel_values, return_dict=True).fpn_hidden_states
        count = pixel_values.shape[0]
        fine, middle, top = (
            level.permute(1, 2, 0).reshape(count, level.shape[2], *size)
            for level, size in zip(levels, self.model.backbone_feature_sizes))
        return fine, middle, top, top + self.model.no_memory_embedding.reshape(1, -1, 1, 1)


def tokens_of(decoder: torch.nn.Module) -> torch.Tensor:
    """The decoder's own tokens [1, 1, 2 + masks, C]: whether there is an object, how well it fits, and its masks."""
    learned = (decoder.obj_score_token.weight, decoder.iou_token.weight, decoder.mask_tokens.weight)
    return torch.cat(learned, 0)[None, None]


class DecodeMask(torch.nn.Module):
    """feat_s0, feat_s1, feat [B, C, g, g], points [B, N, 2] in pixels of the S×S picture, labels [B, N] (1 inside, 0
    outside, 2 and 3 corners of a box, -1 none), multimask [1] (0 or 1) -> low_res_mask [B, 1, S/4, S/4], iou [B, 1],
    object_score [B, 1], object_pointer [B, C]."""

    OUTPUTS = ("low_res_mask", "iou", "object_score", "object_pointer")

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model
        with torch.no_grad():
            self.register_buffer("places", model.get_image_wide_positional_embeddings().clone())

    def candidates(self, feat_s0, feat_s1, feat, points, labels):
        """Masks [B, 4, S/4, S/4], their overlaps [B, 4], tokens [B, 4, C], and the score [B, 1]."""
        model, decoder = self.model, self.model.mask_decoder
        sparse, _ = model.prompt_encoder(points.unsqueeze(1), labels.unsqueeze(1), None, None)
        dense = model.prompt_encoder.no_mask_embed.weight.reshape(1, -1, 1, 1)
        tokens = torch.cat([tokens_of(decoder).expand(feat.shape[0], -1, -1, -1), sparse], 2)
        told, seen = decoder.transformer(
            point_embeddings=tokens, image_embeddings=feat + dense, image_positional_embeddings=self.places,
            attention_similarity=None)
        count = decoder.num_mask_tokens
        rows, columns = model.backbone_feature_sizes[-1]
        seen = seen.transpose(2, 3).reshape(-1, model.hidden_dim, rows, columns)
        seen = decoder.activation(decoder.upscale_layer_norm(decoder.upscale_conv1(seen) + feat_s1))
        seen = decoder.activation(decoder.upscale_conv2(seen) + feat_s0)
        mask_tokens = told[:, 0, 2:2 + count]
        weights = torch.stack(
            [decoder.output_hypernetworks_mlps[index](mask_tokens[:, index]) for index in range(count)], 1)
        masks = (weights @ seen.flatten(2)).reshape(-1, count, 4 * rows, 4 * columns)
        overlaps = decoder.iou_prediction_head(told[:, :, 1])[:, 0]
        return masks, overlaps, mask_tokens, decoder.pred_obj_score_head(told[:, :, 0])[:, 0]

    def is_stable(self, masks: torch.Tensor) -> torch.Tensor:
        """Whether the single mask [B, 1] hardly changes when its threshold moves."""
        decoder = self.model.mask_decoder
        flat = masks[:, :1].flatten(2)
        inner = (flat > decoder.dynamic_multimask_stability_delta).to(masks.dtype).sum(-1)
        outer = (flat > -decoder.dynamic_multimask_stability_delta).to(masks.dtype).sum(-1)
        share = torch.where(outer > 0, inner / torch.clamp(outer, min=1.0), torch.ones_like(outer))
        return share >= decoder.dynamic_multimask_stability_thresh

    def forward(self, feat_s0, feat_s1, feat, points, labels, multimask):
        model, count = self.model, self.model.mask_decoder.num_mask_tokens
        masks, overlaps, tokens, score = self.candidates(feat_s0, feat_s1, feat, points, labels)
        choice = F.one_hot(torch.argmax(overlaps[:, 1:], dim=-1) + 1, count).to(masks.dtype)
        best_mask = (masks * choice[:, :, None, None]).sum(1, keepdim=True)
        best_overlap = (overlaps * choice).sum(1, keepdim=True)
        best_token = (tokens * choice[:, :, None]).sum(1)
        stable = self.is_stable(masks)
        single_mask = torch.where(stable[:, :, None, None], masks[:, :1], best_mask)
        single_overlap = torch.where(stable, overlaps[:, :1], best_overlap)
        several = multimask.reshape(1, 1) > 0.5
        mask = torch.where(several[:, :, None, None], best_mask, single_mask)
        overlap = torch.where(several, best_overlap, single_overlap)
        token = torch.where(several, best_token, tokens[:, 0])
        appears = score > 0
        mask = torch.where(appears[:, :, None, None], mask, torch.full_like(mask, NO_OBJECT))
        share = appears.to(token.dtype)
        pointer = share * model.object_pointer_proj(token) + (1 - share) * model.no_object_pointer
        return mask, overlap, score, pointer


def remembered(model: torch.nn.Module, feat: torch.Tensor, mask: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """The memory [B, L, c] of features [1, C, g, g], masks in the scale of memory [B, 1, S, S] and presence [B, 1]."""
    encoder = model.memory_encoder
    reduced = encoder.mask_downsampler(mask)
    # Each object has features of its own, for OpenVINO cannot add one to many within a convolution.
    fused = encoder.feature_projection(feat.expand(reduced.shape[0], -1, -1, -1)) + reduced
    memory = encoder.projection(encoder.memory_fuser(fused))
    if model.occlusion_spatial_embedding_parameter is not None:
        memory = memory + ((1 - seen) * model.occlusion_spatial_embedding_parameter)[..., None, None]
    if not hasattr(model, "spatial_perceiver"):
        return memory.flatten(2).transpose(1, 2)
    places = encoder.position_encoding(
        torch.Size([1, memory.shape[1], *model.backbone_feature_sizes[-1]]), memory.device, memory.dtype)
    return summarised(model.spatial_perceiver, memory, places)


def summarised(perceiver: torch.nn.Module, memory: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
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


class EncodeMemory(torch.nn.Module):
    """feat [1, C, g, g] (feat_top), low_res_mask [B, 1, S/4, S/4], object_score [B, 1], binarise [1] (1 for frames with
    a prompt) -> mem [B, L, c]."""

    OUTPUTS = ("mem",)

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model

    def forward(self, feat, low_res_mask, object_score, binarise):
        model = self.model
        side = model.image_size
        mask = F.interpolate(low_res_mask, size=(side, side), mode="bilinear", align_corners=False)
        is_sharp = binarise.reshape(1, 1, 1, 1) > 0.5
        mask = torch.where(is_sharp, (mask > 0).to(mask.dtype), torch.sigmoid(mask))
        mask = mask * model.config.sigmoid_scale_for_mem_enc + model.config.sigmoid_bias_for_mem_enc
        return remembered(model, feat, mask, (object_score > 0).to(mask.dtype))


class PromptMask(torch.nn.Module):
    """Takes masks for objects as they are: what is said and remembered of an object that a mask shows.

    feat [1, C, g, g] (feat_init) and mask [B, 1, S, S] of 0 and 1 -> low_res_mask [B, 1, S/4, S/4], object_score
    [B, 1], object_pointer [B, C], mem [B, L, c].
    """

    OUTPUTS = ("low_res_mask", "object_score", "object_pointer", "mem")

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.model = model
        side = model.image_size
        # Reducing with antialiasing is a product with a matrix: the reduced unit matrix.
        reduction = F.interpolate(
            torch.eye(side)[None, None], (side // 4, side), mode="bilinear", align_corners=False, antialias=True)
        self.register_buffer("reduction", reduction[0, 0])
        with torch.no_grad():
            self.register_buffer("places", model.get_image_wide_positional_embeddings().clone())

    def pointer(self, feat: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        model, decoder = self.model, self.model.mask_decoder
        count = mask.shape[0]
        nowhere = torch.zeros(1, 1, 1, 2)
        sparse, _ = model.prompt_encoder(nowhere, -torch.ones(1, 1, 1, dtype=torch.int64), None, None)
        dense = model.prompt_encoder.mask_embed(model.mask_downsample(mask))
        tokens = torch.cat([tokens_of(decoder), sparse], 2).expand(count, -1, -1, -1)
        told, _ = decoder.transformer(
            point_embeddings=tokens, image_embeddings=feat.expand(count, -1, -1, -1) + dense,
            image_positional_embeddings=self.places, attention_similarity=None)
        overlaps = decoder.iou_prediction_head(told[:, :, 1])[:, 0]
        choice = F.one_hot(overlaps[:, 1:].argmax(-1) + 1, decoder.num_mask_tokens).to(told.dtype)
        token = (told[:, 0, 2:2 + decoder.num_mask_tokens] * choice[:, :, None]).sum(1)
        seen = (decoder.pred_obj_score_head(told[:, :, 0])[:, 0] > 0).to(told.dtype)
        return seen * model.object_pointer_proj(token) + (1 - seen) * model.no_object_pointer

    def forward(self, feat: torch.Tensor, mask: torch.Tensor):
        config = self.model.config
        logits = mask * 20 - 10
        seen = (mask.flatten(1).amax(1, keepdim=True) > 0).to(mask.dtype)
        pointer = seen * self.pointer(feat, mask) + (1 - seen) * self.model.no_object_pointer
        scaled = mask * config.sigmoid_scale_for_mem_enc + config.sigmoid_bias_for_mem_enc
        low = self.reduction @ logits @ self.reduction.T
        return low, seen * 20 - 10, pointer, remembered(self.model, feat, scaled, seen)
