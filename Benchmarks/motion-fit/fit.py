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
DISTANCES = (1, 2, 4, 8)
MEASURES = 29
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


def initial(key):
    import jax

    keys, layers = jax.random.split(key, 2 * len(DISTANCES) + 1), []
    for index in range(len(DISTANCES)):
        around = jax.random.normal(keys[2 * index], (9, CHANNELS)) * 0.15
        across = jax.random.normal(keys[2 * index + 1], (CHANNELS, CHANNELS)) * np.sqrt(2 / CHANNELS)
        layers.append((around.at[4].add(1), across, np.zeros(CHANNELS, np.float32)))
    last = jax.random.normal(keys[-1], (CHANNELS,)) * 0.1
    return layers, (last, np.zeros(1, np.float32))


def odds(weights, x):
    """The logarithm of the odds of each cell, as ShapeNet has it."""
    import jax
    import jax.numpy as jnp

    def moved(x, down, right):
        width = ((0, 0), (max(-down, 0), max(down, 0)), (max(-right, 0), max(right, 0)), (0, 0))
        return jnp.pad(x, width)[:, max(down, 0) :, max(right, 0) :][:, : x.shape[1], : x.shape[2]]

    layers, (last, bias) = weights
    for index, (distance, (around, across, offset)) in enumerate(zip(DISTANCES, layers)):
        near = sum(moved(x, (tap // 3 - 1) * distance, (tap % 3 - 1) * distance) * around[tap] for tap in range(9))
        found = jax.nn.relu(near @ across + offset)
        x = found + x if index > 0 else found
    return x @ last + bias[0]


def loss(weights, x, y, weight):
    import jax
    import jax.numpy as jnp
    import optax

    found = odds(weights, x)
    inside = jnp.maximum(y.mean((1, 2), keepdims=True), 0.03)
    balance = jnp.where(y > 0, 0.5 / inside, 0.5 / (1 - inside))
    entropy = (optax.sigmoid_binary_cross_entropy(found, y) * (0.5 + 0.5 * balance)).mean((1, 2))
    share = jax.nn.sigmoid(found)
    dice = 1 - (2 * (share * y).sum((1, 2)) + 1) / (share.sum((1, 2)) + y.sum((1, 2)) + 1)
    return (weight * (entropy + dice)).sum() / weight.sum()


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
    import jax
    import jax.numpy as jnp
    import optax

    rows, held, flights = read(arguments.folders, "cells", CELLS, arguments.held_out)
    rows = rows[rows["object"] > 0]
    importance = np.where(rows["wanted"] > 0, 1, 0.4).astype(np.float32)
    steps = arguments.epochs * (len(rows) // arguments.batch)
    weights = initial(jax.random.PRNGKey(0))
    optimiser = optax.adamw(optax.cosine_decay_schedule(4e-3, steps), weight_decay=1e-4)
    state = optimiser.init(weights)

    @jax.jit
    def step(weights, state, x, y, weight):
        value, slope = jax.value_and_grad(loss)(weights, x, y, weight)
        change, state = optimiser.update(slope, state, weights)
        return optax.apply_updates(weights, change), state, value

    find = jax.jit(lambda weights, x: odds(weights, x) > 0)
    random = np.random.default_rng(1)
    for epoch in range(arguments.epochs):
        order, values = random.permutation(len(rows)), []
        for first in range(0, len(rows) - arguments.batch + 1, arguments.batch):
            chosen = np.sort(order[first : first + arguments.batch])
            x, y = rows["x"][chosen].astype(np.float32), rows["y"][chosen].astype(np.float32)
            x, y = turned(x, y, int(random.integers(8)))
            weights, state, value = step(weights, state, x, y, importance[chosen])
            values.append(float(value))
        print(f"epoch {epoch + 1}: loss {np.mean(values):.4f}", flush=True)
    if held is not None:
        test = held[held["wanted"] > 0]
        batches = [jnp.asarray(test["x"][at : at + 64], jnp.float32) for at in range(0, len(test), 64)]
        found = np.concatenate([np.asarray(find(weights, batch)) for batch in batches])
        before = overlap(test["x"][..., OWN] > 0, test["y"] > 0)
        after = overlap(found, test["y"] > 0)
        print(f"held out: overlap of wanted objects' cells {before.mean():.3f} before, {after.mean():.3f} now")
    layers, last = weights
    numbers = np.concatenate([np.ravel(part) for layer in [*layers, last] for part in layer])
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
    arguments.out.write_text(
        f"""/// The decision trees of ``ObjectJudge``, fitted to what was followed on {flights} simulated flights, by
/// `Benchmarks/motion-fit/fit.py`.
///
/// They tell whether an object overlaps one that moves by itself with an intersection over union of 0.5 or more.
/// There are {count}, each added with a rate of {rate}, with at least {least} samples an end
/// and a penalty of 5 on squares. A limit of 1e9 is never passed.
package enum JudgeTrees {{
  /// What is added to the sum of all trees.
  package static let bias: Float = {float(np.ravel(model._baseline_prediction)[0]):.3f}
  /// Levels of nodes in a tree, above its ends.
  package static let levels = {arguments.levels}
  /// The measure that each node looks at, by ``ObjectJudge/Measure``; tree by tree, level by level.
  package static let measures: [Int] = [
{wrapped([number for tree in trees for number in tree[0]])}
  ]
  /// Above it, each node goes on to the right.
  package static let limits: [Float] = [
{wrapped([number for tree in trees for number in tree[1]])}
  ]
  /// What each of a tree's ends adds, from left to right.
  package static let values: [Float] = [
{wrapped([number for tree in trees for number in tree[2]])}
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
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--levels", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0.12)
    parser.add_argument("--samples", type=int, default=300, help="least samples in an end")
    arguments = parser.parse_args()
    fit_net(arguments) if arguments.what == "net" else fit_judge(arguments)


if __name__ == "__main__":
    main()
