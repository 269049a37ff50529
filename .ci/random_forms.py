"""Operators whose form depends on the opset, for random_blocks.py: attributes became inputs, defaults changed."""
import numpy as np

from random_graph import Refused


def squeeze(g, kind, x, axes):
    """Squeeze or Unsqueeze."""
    if g.opset >= 13:
        return g.op(kind, [x, g.integers(*axes)])
    return g.op(kind, [x], axes=axes)


def clip(g, x, low, high):
    if g.opset >= 11:
        ends = [None if e is None else g.constant(np.float32(e)) for e in (low, high)]
        return g.op("Clip", [x, *ends])
    return g.op("Clip", [x], min=low, max=high)


def pad(g, x, pads, mode, value):
    if g.opset >= 18 and g.chance(0.3):  # Only the axes that are padded, in any order.
        axes = [int(a) for a in g.rng.permutation(x.rank) if pads[a] or pads[a + x.rank]] or [0]
        chosen = [pads[a] for a in axes] + [pads[a + x.rank] for a in axes]
        filling = None if value is None else g.constant(np.float32(value))
        return g.op("Pad", [x, g.integers(*chosen), filling, g.integers(*(g.axis(a, x.rank) for a in axes))], mode=mode)
    if g.opset >= 11:
        return g.op("Pad", [x, g.integers(*pads), g.constant(np.float32(value)) if value is not None else None], mode=mode)
    return g.op("Pad", [x], pads=pads, mode=mode, value=value)


def cut(g, x, starts, ends, axes, steps):
    """Slice."""
    if g.opset >= 10:
        return g.op("Slice", [x, g.integers(*starts), g.integers(*ends), g.integers(*axes), g.integers(*steps)])
    if any(s != 1 for s in steps):
        raise Refused
    return g.op("Slice", [x], starts=starts, ends=ends, axes=axes)


def split(g, x, axis, sizes):
    if g.opset >= 13:
        return g.op("Split", [x, g.integers(*sizes)], outputs=len(sizes), axis=axis)
    return g.op("Split", [x], outputs=len(sizes), axis=axis, split=sizes)


def split_evenly(g, x, axis, parts):
    """Without sizes: equal parts, from opset 18 the last may be smaller."""
    if g.opset < 18 and x.shape[axis] % parts:
        raise Refused
    return g.op("Split", [x], outputs=parts, axis=g.axis(axis, x.rank), num_outputs=parts)


def reduce(g, kind, x, axes, keep):
    if len(axes) == x.rank and g.chance(0.5):
        return g.op(kind, [x], keepdims=keep)
    since = 13 if kind == "ReduceSum" else 18
    if g.opset >= since:
        return g.op(kind, [x, g.integers(*axes)], keepdims=keep)
    return g.op(kind, [x], axes=axes, keepdims=keep)


def enlarge(g, x, scales):
    """Upsample or Resize by whole factors, nearest."""
    floats = np.array(scales, np.float32)
    if g.opset < 9:
        return g.op("Upsample", [x], scales=scales, mode="nearest")
    if g.opset == 9:
        return g.op("Upsample", [x, g.constant(floats)], mode="nearest")
    if g.opset == 10:
        return g.op("Resize", [x, g.constant(floats)], mode="nearest")
    empty = None if g.opset >= 13 else g.constant(np.zeros(0, np.float32))
    if g.chance(0.3):
        sizes = [int(n * s) for n, s in zip(x.shape, scales)]
        return g.op("Resize", [x, empty, None, g.integers(*sizes)], mode="nearest", nearest_mode="floor",
                    coordinate_transformation_mode="asymmetric")
    # What rounds positions does so of exact ones only: at the middle between two, the order of operations decides.
    mode = g.pick("nearest", "linear", "cubic")
    positions = g.pick("asymmetric", "half_pixel", "align_corners") if mode != "nearest" else "asymmetric"
    return g.op("Resize", [x, empty, g.constant(floats)], mode=mode, coordinate_transformation_mode=positions, nearest_mode="floor")


def batch_norm(g, x, scale, bias, mean, variance):
    return g.op("BatchNormalization", [x, scale, bias, mean, variance], epsilon=g.pick(None, 1e-3))


def quantize(g, x, scale, zero, axis=None):
    """QuantizeLinear; the results are real integers, so the graph rounds."""
    return g.op("QuantizeLinear", [x, scale, zero], axis=axis)


def dequantize(g, x, scale, zero, axis=None):
    return g.op("DequantizeLinear", [x, scale, zero], axis=axis)
