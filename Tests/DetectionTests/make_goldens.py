#!/usr/bin/env python3
"""Writes what the reference implementation finds in pictures that a sentence asks about: Fixtures/grounding.jsonl.

usage: make_goldens.py

The reference is GroundingDinoForObjectDetection of transformers with its image processor and post-processing, with the
seeded random weights of the tiny models: the same as those of the graphs that the test runs. Needs torch 2.15,
torchvision and transformers 5.24.
"""

import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from transformers import (
    BertConfig, GroundingDinoConfig, GroundingDinoForObjectDetection, GroundingDinoImageProcessor, SwinConfig)
from transformers.models.grounding_dino import modeling_grounding_dino as grounding_dino
from transformers.models.grounding_dino.processing_grounding_dino import GroundingDinoProcessor

# The vocabulary of the tiny text encoder: what begins and ends a text, what ends a phrase, and words.
WORDS = ["red", "car", "person", "dog", "big", "tree", "house", "boat"]
VOCABULARY = ["[PAD]", "[CLS]", "[SEP]", ".", "?", "[UNK]", "[MASK]"] + WORDS
VOCABULARY += [f"word{index}" for index in range(len(VOCABULARY), 256)]
# Of the network's picture.
NETWORK = {"height": 128, "width": 160}
PICTURE = (96, 54)
# The random network is very sure of what it says.
BOX_THRESHOLD, TEXT_THRESHOLD, OVERLAP = 0.99999, 0.99, 0.5
PROMPTS = ["red car. person. dog.", "big tree? boat."]
FRAMES = [0, 5, 10, 15, 20, 25]


def tokens(text: str) -> list:
    words = text.replace(".", " . ").replace("?", " ? ").split()
    return [1] + [VOCABULARY.index(word) for word in words] + [2]


def picture(frame: int) -> np.ndarray:
    """A texture in blocks, and squares that move over it; [height, width, 3] bytes."""
    width, height = PICTURE
    y, x = np.mgrid[0:height, 0:width]
    grey = 60 + (x // 6 * 37 + y // 6 * 91) % 97
    image = np.stack([grey, grey * 4 // 5, grey * 3 // 5], -1)
    for left, top, wide, high, colour in [
        (frame, 9, 18, 12, (240, 40, 40)), (70 - frame * 4 // 5, 30, 22, 16, (30, 60, 230)),
        (40, frame // 2, 10, 20, (40, 220, 60)),
    ]:
        image[max(top, 0):max(top + high, 0), max(left, 0):max(left + wide, 0)] = colour
    return image.astype(np.uint8)


def detector() -> torch.nn.Module:
    vision = SwinConfig(
        image_size=64, embed_dim=12, depths=[1, 1, 1, 1], num_heads=[1, 1, 2, 2], window_size=4, out_indices=[2, 3, 4],
        mlp_ratio=2.0)
    text = BertConfig(
        vocab_size=256, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=64)
    config = GroundingDinoConfig(
        backbone_config=vision.to_dict(), text_config=text.to_dict(), d_model=32, encoder_layers=1, decoder_layers=2,
        encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=2, decoder_attention_heads=2, num_queries=100,
        max_text_len=256)
    # The identifiers of [CLS], [SEP], the full stop and the question mark are written into the library.
    grounding_dino.SPECIAL_TOKENS = [1, 2, 3, 4]
    torch.manual_seed(1)
    model = GroundingDinoForObjectDetection(config)
    generator = torch.Generator().manual_seed(1)
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
    return model.eval()


def text_of(identifiers: list) -> str:
    """As the library's tokenizer decodes them: words apart, and what ends a sentence beside its word."""
    text = " ".join(VOCABULARY[identifier] for identifier in identifiers)
    return text.replace(" .", ".").replace(" ?", "?")


def suppressed(found: list) -> list:
    """Without boxes of one phrase that overlap a better one."""
    kept = []
    for one in sorted(found, key=lambda one: -one["score"]):
        if all(other["category"] != one["category"] or overlap(other["box"], one["box"]) <= OVERLAP for other in kept):
            kept.append(one)
    return kept


def overlap(a: list, b: list) -> float:
    sides = [min(a[2 + axis], b[2 + axis]) - max(a[axis], b[axis]) for axis in range(2)]
    if min(sides) <= 0:
        return 0
    common = sides[0] * sides[1]
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


@torch.inference_mode()
def detect(model: torch.nn.Module, image: np.ndarray, prompt: str) -> list:
    """What is found, the best first: box, score, label, and the phrase that fits best or None."""
    # The networks of the graphs see every picture whole, stretched to their size.
    processor = GroundingDinoImageProcessor(size=NETWORK, do_pad=False)
    pixels = processor(image, return_tensors="pt")["pixel_values"]
    assert pixels.shape[2:] == (NETWORK["height"], NETWORK["width"])
    identifiers = torch.tensor([tokens(prompt)])
    output = model(
        pixel_values=pixels, input_ids=identifiers, attention_mask=torch.ones_like(identifiers),
        token_type_ids=torch.zeros_like(identifiers))
    count = identifiers.shape[1]
    output.logits = output.logits[:, :, :count]
    decoding = SimpleNamespace(batch_decode=lambda lists: [text_of([int(one) for one in some]) for some in lists])
    result = GroundingDinoProcessor.post_process_grounded_object_detection(
        decoding, output, identifiers, BOX_THRESHOLD, TEXT_THRESHOLD, [image.shape[:2]])[0]
    best = output.logits[0][output.logits[0].sigmoid().max(-1)[0] > BOX_THRESHOLD].argmax(-1).tolist()
    phrase_of, phrase = [], 0
    for identifier in identifiers[0].tolist():
        if identifier in (1, 2):
            phrase_of.append(None)
        elif identifier in (3, 4):
            phrase_of.append(None)
            phrase += 1
        else:
            phrase_of.append(phrase)
    return suppressed([
        {"box": box.tolist(), "score": float(score), "label": label, "category": phrase_of[token]}
        for box, score, label, token in zip(result["boxes"], result["scores"], result["text_labels"], best)])


def main() -> None:
    model = detector()
    lines = []
    for prompt in PROMPTS:
        for frame in FRAMES:
            found = detect(model, picture(frame), prompt)
            for one in found:
                one["box"] = [round(value, 3) for value in one["box"]]
            lines.append(json.dumps({"prompt": prompt, "frame": frame, "found": found}, separators=(",", ":")))
            print(prompt, frame, len(found), [one["category"] for one in found])
    target = Path(__file__).parent / "Fixtures" / "grounding.jsonl"
    target.write_text("\n".join(lines) + "\n")
    print(target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
