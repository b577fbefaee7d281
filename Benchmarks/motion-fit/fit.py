#!/usr/bin/env python3
"""Fits the numbers of the motion mode to what `worldsystem bench detect --motion --samples FOLDER` wrote.

    fit.py net FOLDER... --out Sources/MotionDetection/ShapeWeights.swift
    fit.py judge FOLDER... --out Sources/MotionDetection/JudgeTrees.swift

The net first, since the judge's samples depend on it: they are to be written again with the new net. Flights given by
--held-out are for the figures that are printed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

SIDE, CHANNELS, OWN = 36, 16, 14
DISTANCES = (1, 2, 4, 8, 1, 2, 4, 8)
MEASURES = 31
CELLS = np.dtype(
    [("object", "<f4"), ("wanted", "<f4"), ("x", "<f2", (SIDE, SIDE, CHANNELS)), ("y", "u1", (SIDE, SIDE))]
)


def read(folders: list[str], name: str, dtype, held_out: set[str]):
    """What is in all files of a name: rows to fit to, those held out or none, and the number of flights to fit to."""
    files = sorted(file for folder in folders for file in Path(folder).glob(f"*.{name}"))
    fit, held = [file for file in files if file.stem not in held_out], [file for file in files if file.stem in held_out]
    if not fit:
        sys.exit(f"{', '.join(folders)}: there is no *.{name} to fit to")
    fit_rows, held_rows = ([np.fromfile(file, dtype=dtype) for file in part] for part in (fit, held))
    flights = len({file.stem for file in fit})
    return np.concatenate(fit_rows), np.concatenate(held_rows) if held else None, flights


def wrapped(numbers) -> str:
    """Numbers as a list in Swift, to three digits."""
    lines, line = [], "   "
    for number in numbers:
        # Zero has no sign.
        text = "1e9" if number >= 1e8 else f"{round(float(number), 3) + 0.0:g}"
        if len(line) + len(text) + 2 > 118:
            lines.append(line)
            line = "   "
        line += f" {text},"
    return "\n".join([*lines, line])


# The net


def untrained():
    """ShapeNet as it begins: layers of a convolution around and one across, and the last number."""
    import torch

    class Layer(torch.nn.Module):
        def __init__(self, distance: int, is_first: bool):
            super().__init__()
            self.around = torch.nn.Conv2d(
                CHANNELS, CHANNELS, 3, padding=distance, dilation=distance, groups=CHANNELS, bias=False)
            self.across = torch.nn.Conv2d(CHANNELS, CHANNELS, 1)
            self.is_first = is_first
            with torch.no_grad():
                self.around.weight.normal_(0, 0.15)
                self.around.weight[:, :, 1, 1] += 1
                # What is added to what was given is small at first.
                self.across.weight.normal_(0, (2 / CHANNELS) ** 0.5 * (1 if is_first else 0.5))
                self.across.bias.zero_()

        def forward(self, x):
            found = torch.relu(self.across(self.around(x)))
            return found if self.is_first else found + x

    last = torch.nn.Conv2d(CHANNELS, 1, 1)
    with torch.no_grad():
        last.weight.normal_(0, 0.1)
        last.bias.zero_()
    layers = [Layer(distance, index == 0) for index, distance in enumerate(DISTANCES)]
    return torch.nn.Sequential(*layers, last).to(memory_format=torch.channels_last)


def numbers_of(net) -> list:
    """Weights in the order of ShapeWeights."""
    parts = []
    for layer in list(net)[:-1]:
        parts += [layer.around.weight.reshape(CHANNELS, 9).T, layer.across.weight[:, :, 0, 0].T, layer.across.bias]
    parts += [net[-1].weight, net[-1].bias]
    return [number for part in parts for number in part.detach().reshape(-1).tolist()]


def loss(found, y, weight):
    """How far the logarithms of the odds are from the truth: cross entropy and Dice, weighted by window."""
    import torch

    inside = y.mean((1, 2), keepdim=True).clamp(min=0.03)
    balance = torch.where(y > 0, 0.5 / inside, 0.5 / (1 - inside))
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(found, y, reduction="none")
    share = torch.sigmoid(found)
    dice = 1 - (2 * (share * y).sum((1, 2)) + 1) / (share.sum((1, 2)) + y.sum((1, 2)) + 1)
    return (weight * ((entropy * (0.5 + 0.5 * balance)).mean((1, 2)) + dice)).sum() / weight.sum()


def turned(x, y, turn: int):
    """One of the eight mirrored and turned windows."""
    if turn & 1:
        x, y = x[:, ::-1], y[:, ::-1]
    if turn & 2:
        x, y = x[:, :, ::-1], y[:, :, ::-1]
    return (x.transpose(0, 2, 1, 3), y.transpose(0, 2, 1)) if turn & 4 else (x, y)


def overlap(found, y):
    """Of cells, intersection over union."""
    both, either = (found & y).sum((1, 2)), (found | y).sum((1, 2))
    return both / np.maximum(either, 1)


def fit_net(arguments):
    import torch

    torch.manual_seed(0)
    rows, held, flights = read(arguments.folders, "cells", CELLS, arguments.held_out)
    rows = rows[rows["object"] > 0]
    importance = np.where(rows["wanted"] > 0, 1, 0.4).astype(np.float32)
    batches = len(rows) // arguments.batch
    net = untrained()
    optimiser = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=1e-4)
    steps = max(arguments.epochs * batches, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 200) * 0.5 * (1 + np.cos(np.pi * step / steps)))

    def tensor(x):
        planes = np.ascontiguousarray(x.transpose(0, 3, 1, 2), dtype=np.float32)
        return torch.from_numpy(planes).to(memory_format=torch.channels_last)

    random = np.random.default_rng(1)
    for epoch in range(arguments.epochs):
        order, values = random.permutation(len(rows)), []
        for first in range(0, batches * arguments.batch, arguments.batch):
            chosen = np.sort(order[first : first + arguments.batch])
            x, y = turned(rows["x"][chosen], rows["y"][chosen], int(random.integers(8)))
            truth = torch.from_numpy(np.ascontiguousarray(y, dtype=np.float32))
            value = loss(net(tensor(x))[:, 0], truth, torch.from_numpy(importance[chosen]))
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            values.append(value.item())
        print(f"epoch {epoch + 1}: loss {np.mean(values):.4f}", flush=True)
    if held is not None:
        test = held[held["wanted"] > 0]
        with torch.no_grad():
            parts = [(net(tensor(test["x"][at : at + 64]))[:, 0] > 0).numpy() for at in range(0, len(test), 64)]
        before = overlap(test["x"][..., OWN] > 0, test["y"] > 0)
        after = overlap(np.concatenate(parts), test["y"] > 0)
        print(f"held out: overlap of wanted objects' cells {before.mean():.3f} before, {after.mean():.3f} now")
    numbers = numbers_of(net)
    arguments.out.write_text(
        f"""/// The weights of ``ShapeNet``, layer by layer: around, across, bias; then those of the last number.
///
/// They were fitted to what was followed on {flights} simulated flights, by `Benchmarks/motion-fit/fit.py`.
package enum ShapeWeights {{
  package static let values: [Float] = [
{wrapped(numbers)}
  ]
}}
"""
    )


# The judge


def complete(nodes, levels: int):
    """A tree with all its nodes, numbered level by level; a limit of 1e9 is never passed."""
    ends = 2**levels
    measures, limits, values = [0] * (ends - 1), [1e9] * (ends - 1), [0.0] * ends

    def walk(node, at, level):
        if nodes[node]["is_leaf"]:
            for _ in range(level, levels):
                at = 2 * at + 1
            first = at - (ends - 1)
            values[first : first + 2 ** (levels - level)] = [float(nodes[node]["value"])] * 2 ** (levels - level)
            return
        measures[at] = int(nodes[node]["feature_idx"])
        limits[at] = float(nodes[node]["num_threshold"])
        walk(nodes[node]["left"], 2 * at + 1, level + 1)
        walk(nodes[node]["right"], 2 * at + 2, level + 1)

    walk(0, 0, 0)
    return measures, limits, values


def fit_judge(arguments):
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    rows, held, flights = read(arguments.folders, "measures", np.dtype(("<f4", 2 + MEASURES)), arguments.held_out)

    def samples(rows):
        # What counts neither way tells nothing where it does not fit.
        rows = rows[(rows[:, 0] >= 0.5) | (rows[:, 1] == 0)]
        return rows[:, 2:], rows[:, 0] >= 0.5

    model = HistGradientBoostingClassifier(
        max_iter=arguments.trees, max_depth=arguments.levels, max_leaf_nodes=2**arguments.levels,
        learning_rate=arguments.rate, min_samples_leaf=arguments.samples, l2_regularization=5, early_stopping=False,
        random_state=0,
    ).fit(*samples(rows))
    if held is not None:
        x, y = samples(held)
        print(f"held out: area under the curve {roc_auc_score(y, model.predict_proba(x)[:, 1]):.4f}")
    trees = [complete(tree[0].nodes, arguments.levels) for tree in model._predictors]
    count, rate, least = arguments.trees, arguments.rate, arguments.samples
    parts = [wrapped([number for tree in trees for number in tree[part]]) for part in range(3)]
    arguments.out.write_text(
        f"""/// The decision trees of ``ObjectJudge``, fitted to what was followed on {flights} simulated flights, by
/// `Benchmarks/motion-fit/fit.py`.
///
/// They tell whether an object overlaps one that moves by itself with an intersection over union of 0.5 or more.
/// There are {count}, each added with a rate of {rate}, with at least {least} samples an end
/// and a penalty of 5 on squares.
package enum JudgeTrees {{
  /// What is added to the sum of all trees.
  package static let bias: Float = {float(np.ravel(model._baseline_prediction)[0]):.3f}
  /// Levels of nodes in a tree, above its ends.
  package static let levels = {arguments.levels}
  /// The measure that each node looks at, by ``ObjectJudge/Measure``; tree by tree, level by level.
  package static let measures: [Int] = [
{parts[0]}
  ]
}}
"""
    )
    write_part(arguments.out, "limits", "Above it, each node goes on to the right; 1e9 is never passed.", parts[1])
    write_part(arguments.out, "values", "What each of a tree's ends adds, from left to right.", parts[2])


def write_part(trees: Path, name: str, text: str, numbers: str):
    """A list of the trees in a file of its own, beside them."""
    (trees.parent / f"{trees.stem}+{name.capitalize()}{trees.suffix}").write_text(
        f"""extension JudgeTrees {{
  /// {text}
  package static let {name}: [Float] = [
{numbers}
  ]
}}
"""
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["net", "judge"])
    parser.add_argument("folders", nargs="+", help="folders of samples")
    parser.add_argument("--out", type=Path, required=True, help="the Swift file to write")
    parser.add_argument("--held-out", type=lambda text: set(text.split(",")), default=set(), metavar="SEED,...")
    parser.add_argument("--epochs", type=int, default=16)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--trees", type=int, default=150)
    parser.add_argument("--levels", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.12)
    parser.add_argument("--samples", type=int, default=300, help="least samples in an end")
    arguments = parser.parse_args()
    fit_net(arguments) if arguments.what == "net" else fit_judge(arguments)


if __name__ == "__main__":
    main()
