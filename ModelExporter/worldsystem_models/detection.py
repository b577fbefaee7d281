"""The networks of Grounding DINO, MM Grounding DINO and LLMDet: a prompt's features, and what of it is in a picture.

T are the tokens of a prompt, Q the queries, d the channels of features.

Source: Liu et al. 2023, "Grounding DINO"; Zhao et al. 2024, "An Open and Comprehensive Pipeline for Unified Object
Grounding and Detection"; the models are those of the library transformers.
"""

import copy
import math
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import torch

# [CLS], [SEP], full stop and question mark of BERT's vocabulary.
SPECIAL_TOKENS = (101, 102, 1012, 1029)


def prompt_masks(tokens: list[int], special: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """Which tokens see each other [1, T, T] — those of one phrase, with its full stop — and places in the phrase."""
    count = len(tokens)
    mask, places = torch.eye(count), torch.zeros(count, dtype=torch.int64)
    start = 0
    for index, token in enumerate(tokens):
        if token not in special:
            continue
        if index not in (0, count - 1):
            mask[start:index + 1, start:index + 1] = 1
            places[start:index + 1] = torch.arange(index + 1 - start)
        start = index + 1
    return mask[None], places[None]


class TextEncoder(torch.nn.Module):
    """input_ids [1, T], position_ids [1, T], text_self_attention_mask [1, T, T] of 0 and 1 -> text_features
    [1, T, d]."""

    OUTPUTS = ("text_features",)

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.backbone, self.projection = model.model.text_backbone, model.model.text_projection

    def forward(self, input_ids, position_ids, text_self_attention_mask):
        mask = (text_self_attention_mask > 0.5).unsqueeze(1)
        seen = self.backbone(input_ids, mask, torch.zeros_like(input_ids), position_ids, return_dict=True)
        return self.projection(seen.last_hidden_state)


class GivenText(torch.nn.Module):
    """Stands where the text's network was, and says what it is given."""

    features: torch.Tensor

    def forward(self, *_, **__):
        return SimpleNamespace(last_hidden_state=self.features)


@contextmanager
def replaced(*changes: tuple[object, str, object]):
    """Attributes with other values for a while."""
    originals = [getattr(owner, name) for owner, name, _ in changes]
    try:
        for owner, name, value in changes:
            setattr(owner, name, value)
        yield
    finally:
        for (owner, name, _), original in zip(changes, originals):
            setattr(owner, name, original)


def logit(probability: torch.Tensor, eps: float = 0.0) -> torch.Tensor:
    """`torch.special.logit`, which the exporters do not know."""
    probability = torch.clamp(probability, eps, 1 - eps)
    return torch.log(probability / (1 - probability))


def similarity(self, vision_hidden_state, text_hidden_state, text_token_mask):
    """How each query fits each token, for the tokens that there are; the library adds others up to 256."""
    products = vision_hidden_state @ text_hidden_state.transpose(-1, -2)
    if hasattr(self, "bias"):
        products = products / math.sqrt(vision_hidden_state.shape[-1]) + self.bias
    return products


class Detector(torch.nn.Module):
    """pixel_values [1, 3, H, W], text_features [1, T, d], position_ids [1, T], text_self_attention_mask [1, T, T] ->
    logits [1, Q, T], pred_boxes [1, Q, 4]: centre, width and height as shares of the picture."""

    OUTPUTS = ("logits", "pred_boxes")

    def __init__(self, model: torch.nn.Module):
        super().__init__()
        self.text = GivenText()
        # Copies of the outer two modules only; their parts are shared with the network of the text.
        self.model = copy.copy(model)
        self.model._modules = dict(model._modules)
        inner = copy.copy(model.model)
        inner._modules = {**model.model._modules, "text_backbone": self.text, "text_projection": torch.nn.Identity()}
        self.model._modules["model"] = inner
        self.library = sys.modules[type(model).__module__]
        self.similarity = next(
            getattr(self.library, name) for name in dir(self.library) if name.endswith("DinoContrastiveEmbedding"))
        # For checks: the places that become queries, instead of the best ones.
        self.chosen: torch.Tensor | None = None

    def forward(self, pixel_values, text_features, position_ids, text_self_attention_mask):
        mask = text_self_attention_mask > 0.5
        self.text.features = text_features
        sample, largest = torch.nn.functional.grid_sample, torch.topk

        def sampled(values, grid, **options):
            # ONNX knows no sampling of 32-bit floats by 64-bit places, which tracing makes of them.
            return sample(values, grid.to(torch.float32), **options)

        def chosen(scores, count, dim=-1):
            if self.chosen is None:
                return largest(scores, count, dim=dim)
            return torch.gather(scores, dim, self.chosen), self.chosen

        with replaced(
            (self.library, "generate_masks_with_special_tokens_and_transfer_map",
             lambda *_, **__: (mask, position_ids)),
            (self.similarity, "forward", similarity), (torch.special, "logit", logit),
            (torch.nn.functional, "grid_sample", sampled), (torch, "topk", chosen),
        ):
            found = self.model(pixel_values=pixel_values, input_ids=position_ids, return_dict=True)
        return found.logits, found.pred_boxes
