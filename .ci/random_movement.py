"""Blocks of random models: views and movement. The table is in random_blocks.py."""
import math

import numpy as np

import random_forms as form
from random_graph import Refused, refuse


def concat(g):
    x = g.any(lambda t: t.rank > 0)
    axis = g.between(0, x.rank - 1) if g.chance(0.3) else min(1, x.rank - 1)
    fits = [t for t in g.pool if t.dtype == x.dtype and t.rank == x.rank
            and all(a == b for i, (a, b) in enumerate(zip(t.shape, x.shape)) if i != axis)]
    parts = [x] + [g.pick(*fits) for _ in range(g.between(1, 3))]
    if g.chance(0.2) and x.real:
        shape = list(x.shape)
        shape[axis] = g.between(1, 3)
        parts.append(g.weights(shape))
    g.rng.shuffle(parts)
    return g.op("Concat", parts, axis=g.axis(axis, x.rank))


def concat_of_concats(g):
    x = g.real(4, 3, 2)
    axis = g.pick(1, 1, x.rank - 1)
    inner = g.op("Concat", [x, activation_of_shape(g, x)], axis=axis)
    other = activation_of_shape(g, x)
    outer = g.op("Concat", [other, inner, x] if g.chance(0.5) else [inner, other], axis=g.axis(axis, x.rank))
    if g.chance(0.4):
        g.outputs.append(g.pick(inner, other).name)
    return [inner, outer]


def activation_of_shape(g, x):
    return g.op(g.pick("Relu", "Tanh", "Neg", "Sigmoid", "Abs"), [x])


def split(g):
    x = g.any(lambda t: any(n > 1 for n in t.shape))
    axis = g.pick(*[i for i, n in enumerate(x.shape) if n > 1])
    n = x.shape[axis]
    if g.chance(0.2):
        parts = form.split_evenly(g, x, axis, g.between(2, min(3, n)))
    else:
        ends = sorted({g.between(1, n - 1) for _ in range(g.between(1, 3))})
        parts = form.split(g, x, g.axis(axis, x.rank), [b - a for a, b in zip([0, *ends], [*ends, n])])
    if not x.real:
        return parts
    if g.chance(0.4):  # Parts in place of others, changed or not, joined again.
        joined = [activation_of_shape(g, p) if g.chance(0.5) else p for p in parts]
        g.rng.shuffle(joined)
        parts.append(g.op("Concat", joined, axis=axis))
    return parts


def part(g):
    """Slice: steps, backwards, ends beyond the tensor, axes counted from the end."""
    x = g.any(lambda t: t.rank > 0)
    axes = sorted(int(a) for a in g.rng.choice(x.rank, g.between(1, min(2, x.rank)), replace=False))
    starts, ends, steps = [], [], []
    for a in axes:
        n, step = x.shape[a], g.pick(1, 1, 1, 2, 3) if g.opset >= 10 else 1
        start = g.between(0, n - 1)
        end = g.pick(g.between(start + 1, n), n, 2**31 - 1, n + 5)
        if g.opset >= 10 and g.chance(0.15):
            start, end, step = g.pick(n - 1, -1, 2**31 - 1), -(2**31), -g.between(1, 2)
        elif g.chance(0.3):
            start -= n
        starts.append(start), ends.append(end), steps.append(step)
    return form.cut(g, x, starts, ends, [g.axis(a, x.rank) for a in axes], steps)


def padding(g):
    x = g.real(4, 3, 2)
    mode = g.pick("constant", "constant", "edge", "reflect", *(["wrap"] if g.opset >= 19 else []))
    pads = [g.between(0, 2) if g.chance(0.5) else 0 for _ in range(2 * x.rank)]
    if mode in ("reflect", "wrap"):
        pads = [min(p, n - 1) for p, n in zip(pads, x.shape * 2)]
    if mode == "constant" and g.chance(0.15):
        i = g.between(0, x.rank - 1)
        pads[i] = -min(1, x.shape[i] - 1)
    if mode != "constant":
        pads[0] = pads[x.rank] = 0
    return form.pad(g, x, pads, mode, g.pick(None, 0.5, -1.0) if mode == "constant" else None)


def reshape(g):
    x = g.any(lambda t: t.rank > 0)
    shape, total = [], math.prod(x.shape)
    while total > 1 and len(shape) < 4:
        n = g.pick(*[d for d in range(1, min(total, 40) + 1) if total % d == 0])
        shape.append(n)
        total //= n
    shape.append(total)
    if g.chance(0.3):
        shape[g.between(0, len(shape) - 1)] = -1
    elif shape[0] == x.shape[0] and g.chance(0.5):
        shape[0] = 0
    return g.op("Reshape", [x, g.integers(*shape)])


def reshape_by_its_shape(g):
    """What exporters make of a flattening: the batch taken from Shape, the rest inferred."""
    x = g.any(lambda t: t.rank > 1)
    batch = g.op("Gather", [g.op("Shape", [x]), g.constant(np.array(0, np.int64))], axis=0)
    sizes = g.op("Concat", [form.squeeze(g, "Unsqueeze", batch, [0]), g.integers(-1)], axis=0)
    return g.op("Reshape", [x, sizes], shape=[x.shape[0], math.prod(x.shape[1:])])


def move(g):
    x = g.any(lambda t: t.rank > 0)
    kind = g.pick("transpose", "transpose", "unsqueeze", "squeeze", "flatten", "depth", "space", "expand", "tile", "gather")
    if kind == "transpose":
        return g.op("Transpose", [x], perm=[int(a) for a in g.rng.permutation(x.rank)] if g.chance(0.9) else None)
    if kind == "unsqueeze":
        if x.rank > 4:
            raise Refused
        return form.squeeze(g, "Unsqueeze", x, [g.axis(g.between(0, x.rank), x.rank + 1)])
    if kind == "squeeze":
        ones = [i for i, n in enumerate(x.shape) if n == 1]
        return form.squeeze(g, "Squeeze", x, [g.axis(g.pick(*ones), x.rank)]) if ones else refuse()
    if kind == "flatten":
        return g.op("Flatten", [x], axis=g.axis(g.between(0, x.rank - 1), x.rank))
    if kind == "depth":
        if x.rank != 4 or x.shape[1] % 4:
            raise Refused
        return g.op("DepthToSpace", [x], blocksize=2, mode=g.pick(None, "DCR", "CRD"))
    if kind == "space":
        sizes = [n for n in (2, 3) if x.rank == 4 and x.shape[2] % n == 0 == x.shape[3] % n]
        return g.op("SpaceToDepth", [x], blocksize=g.pick(*sizes)) if sizes else refuse()
    if kind == "expand":
        shape = [g.pick(1, 2, 3) if n == 1 else g.pick(n, 1) for n in x.shape]
        return g.op("Expand", [x, g.integers(*([2] if g.chance(0.2) else []), *shape)])
    if kind == "tile":
        return g.op("Tile", [x, g.integers(*[g.pick(1, 1, 2, 3) for _ in x.shape])])
    axis = g.between(0, x.rank - 1)
    n = x.shape[axis]
    low = -n if g.opset >= 11 else 0
    places = g.rng.integers(low, n, g.pick((), (3,), (2, 2), (n,)))
    return g.op("Gather", [x, g.constant(places.astype(g.pick(np.int64, np.int32)))], axis=g.axis(axis, x.rank))
