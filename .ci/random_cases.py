#!/usr/bin/env python3
"""Random ONNX models of one op or a few, run by fettle in several ways, against onnxruntime.

usage: random_cases.py FETTLE WORK [--count N] [--seed S] [--only FAMILY,...] [--ways WAY,...]

Floats agree when they differ by at most 1e-4 of the largest value; integers exactly, but where a model quantises: there by one
step, in at most 2 % of the elements (onnxruntime's float arithmetic meets ties in another order). Models, inputs and outputs stay in WORK/random.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper
from onnx.reference import ReferenceEvaluator

from quantised_cases import quantised, runtime
from random_build import Build, pick

CLEAN = "canonicalize, fold-batch-norm, remove-dead-channels, canonicalize"
LOWERED = "canonicalize, lower-quantized, canonicalize"
WAYS = {
    "interpret": ["--interpret"],
    "clean": ["--interpret", "-p", CLEAN],
    "lowered": ["--interpret", "-p", LOWERED],
    "c": [],
    "c-lowered": ["-p", LOWERED],
    "c-clean": ["-p", CLEAN],
    "c99": ["-t", "c99"],
    "x86-64": ["-t", "x86-64", "-p", CLEAN],
    "x86-64-v3": ["-t", "x86-64-v3", "-p", CLEAN],
}

def spatial(rng, rank, low=3, high=11):
    limit = {1: 24, 2: high, 3: 7}[rank]
    return [int(v) for v in rng.integers(low, limit, rank)]


def window(rng, rank, sizes, kernel):
    """Strides, dilations and pads of a window."""
    attributes = {}
    if rng.random() < 0.6:
        attributes["strides"] = [int(v) for v in rng.integers(1, 4, rank)]
    dilations = [1] * rank
    if rng.random() < 0.4:
        dilations = [int(v) for v in rng.integers(1, 4, rank)]
        attributes["dilations"] = dilations
    auto = rng.random()
    if auto < 0.25:
        attributes["auto_pad"] = pick(rng, "SAME_UPPER", "SAME_LOWER", "VALID")
    elif auto < 0.8:
        attributes["pads"] = [int(rng.integers(0, max(1, min(4, (k - 1) * d + 1))))
                              for k, d in list(zip(kernel, dilations)) * 2]
    # A window that is wider than what it slides over is no model, though onnxruntime computes one in some cases.
    pads = attributes.get("pads", [0] * (2 * rank))
    for i, (size, k) in enumerate(zip(sizes, kernel)):
        while dilations[i] > 1 and (k - 1) * dilations[i] + 1 > size + pads[i] + pads[i + rank]:
            dilations[i] -= 1
    return attributes


def conv(rng, kind="Conv"):
    b = Build(rng)
    rank = pick(rng, 1, 2, 2, 2, 3)
    sizes = spatial(rng, rank, 4)
    groups = pick(rng, 1, 1, 1, 2, 3, 5)
    per_in, per_out = int(rng.integers(1, 9)), int(rng.integers(1, 10))
    if rng.random() < 0.3:
        groups, per_in, per_out = int(rng.integers(1, 20)), 1, pick(rng, 1, 1, 1, 2)
    if rng.random() < 0.15:
        groups, per_in, per_out = 1, pick(rng, 16, 17, 32), pick(rng, 8, 16, 31, 64)
    kernel = [int(v) for v in rng.integers(1, 5, rank)]
    if rng.random() < 0.2:
        kernel = [1] * rank
    x = b.input(int(rng.integers(1, 3)), groups * per_in, *sizes)
    attributes = window(rng, rank, sizes, kernel)
    if kind != "Conv" and attributes.get("auto_pad", "").startswith("SAME"):
        # A kernel smaller than the stride: the definition says that outputs are input times stride, onnxruntime says less.
        attributes["strides"] = [min(s, (k - 1) * d + 1) for s, k, d in
                                 zip(attributes.get("strides", [1] * rank), kernel, attributes.get("dilations", [1] * rank))]
    if kind == "Conv":
        w = b.floats(groups * per_out, per_in, *kernel, constant=rng.random() < 0.8)
    else:
        w = b.floats(groups * per_in, per_out, *kernel, constant=rng.random() < 0.8)
        if rng.random() < 0.4:
            attributes["output_padding"] = [
                int(rng.integers(0, max(s, d))) for s, d in
                zip(attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank))]
        if rng.random() < 0.15 and "auto_pad" not in attributes:
            attributes.pop("pads", None)
            strides, dilations = attributes.get("strides", [1] * rank), attributes.get("dilations", [1] * rank)
            whole = [s * (n - 1) + (k - 1) * d + 1 for n, s, k, d in zip(sizes, strides, kernel, dilations)]
            attributes.pop("output_padding", None)
            attributes["output_shape"] = [max(1, v - int(rng.integers(0, 3))) for v in whole]
            attributes["auto_pad"] = pick(rng, "NOTSET", "SAME_UPPER", "SAME_LOWER")
    inputs = [x, w]
    if rng.random() < 0.6:
        inputs.append(b.floats(groups * per_out))
    if rng.random() < 0.7:
        attributes["kernel_shape"] = kernel
    y = b.op(kind, inputs, group=groups, **attributes)
    if rng.random() < 0.4:
        y = b.op(pick(rng, "Relu", "Sigmoid", "Tanh", "LeakyRelu"), [y])
    return b, y


def conv_transpose(rng):
    return conv(rng, "ConvTranspose")


def pool(rng):
    rank = pick(rng, 1, 2, 2, 2, 3)
    kind = pick(rng, "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool")
    b = Build(rng, opset=pick(rng, 19, 21) if kind == "AveragePool" else None)
    sizes = spatial(rng, rank, 5, 12)
    x = b.input(int(rng.integers(1, 3)), int(rng.integers(1, 18)), *sizes)
    if kind.startswith("Global"):
        return b, b.op(kind, [x])
    kernel = [int(v) for v in rng.integers(1, 5, rank)]
    attributes = window(rng, rank, sizes, kernel)
    if attributes.get("auto_pad", "").startswith("SAME"):
        attributes.pop("dilations", None)  # onnxruntime forgets them when it pads; the definition does not
    if kind == "LpPool":
        b.opset = 18
        attributes["p"] = pick(rng, 1, 2, 3)
    if kind == "MaxPool":
        attributes.pop("dilations", None) if b.opset < 10 else None
    if rng.random() < 0.5 and "auto_pad" not in attributes:
        attributes["ceil_mode"] = 1
    if kind == "AveragePool" and rng.random() < 0.5:
        attributes["count_include_pad"] = 1
    if kind == "MaxPool" and rng.random() < 0.25:
        return b, b.op(kind, [x], outputs=2, kernel_shape=kernel, **attributes)
    return b, b.op(kind, [x], kernel_shape=kernel, **attributes)


def gemm(rng):
    b = Build(rng)
    m, k, n = (int(v) for v in rng.integers(1, 40, 3))
    ta, tb = int(rng.integers(2)), int(rng.integers(2))
    a = b.input(*((k, m) if ta else (m, k)))
    w = b.floats(*((n, k) if tb else (k, n)))
    inputs = [a, w]
    if rng.random() < 0.8:
        inputs.append(b.floats(*pick(rng, (n,), (m, n), (1, n), (m, 1), (1,), (), (1, 1))))
    alpha = None if rng.random() < 0.5 else float(rng.standard_normal())
    beta = None if rng.random() < 0.5 else float(rng.standard_normal())
    y = b.op("Gemm", inputs, transA=ta, transB=tb, alpha=alpha, beta=beta)
    return b, b.op("Relu", [y]) if rng.random() < 0.3 else y


def broadcast_shapes(rng, shape):
    """Two shapes that broadcast to `shape`."""
    def part():
        cut = [v if rng.random() < 0.65 else 1 for v in shape]
        return cut[int(rng.integers(0, len(shape) + 1)) if rng.random() < 0.4 else 0:]
    return part(), part()


def matmul(rng):
    b = Build(rng)
    m, k, n = (int(v) for v in rng.integers(1, 30, 3))
    left, right = broadcast_shapes(rng, [int(v) for v in rng.integers(1, 4, int(rng.integers(0, 3)))])
    sa, sb = [*left, m, k], [*right, k, n]
    if rng.random() < 0.15:
        sa = [k]
    if rng.random() < 0.15:
        sb = [k]
    return b, b.op("MatMul", [b.input(*sa), b.floats(*sb)])


def binary(rng):
    b = Build(rng, opset=pick(rng, 13, 14, 17, 21))
    kind = pick(rng, "Add", "Sub", "Mul", "Div", "Pow", "Max", "Min", "Equal", "Less", "Greater", "LessOrEqual",
                "GreaterOrEqual", "And", "Or", "Xor", "PRelu", "Where", "Mod", "BitShift", "Mean", "Sum")
    left, right = broadcast_shapes(rng, [int(v) for v in rng.integers(1, 7, int(rng.integers(0, 5)))])
    dtype = pick(rng, np.float32, np.float32, np.float64, np.int32, np.int64, np.int8, np.uint8)
    if kind in ("And", "Or", "Xor"):
        dtype = np.bool_
    if kind in ("PRelu", "Mean", "Sum"):
        dtype = np.float32
    if kind == "Pow":
        dtype = pick(rng, np.float32, np.int32, np.int64)
    if kind == "BitShift":
        dtype = np.uint8
    def array(shape, side):
        if dtype == np.bool_:
            return rng.random(shape) < 0.5
        if np.issubdtype(dtype, np.floating):
            v = rng.standard_normal(shape)
            return (abs(v) + 0.1 if kind == "Pow" and side == 0 else v).astype(dtype)
        low = 0 if np.issubdtype(dtype, np.unsignedinteger) else -20
        v = rng.integers(low, 21, shape)
        if kind in ("Div", "Mod") and side == 1:
            v = np.where(v == 0, 3, v)
        if kind == "Pow":
            v = rng.integers(-3, 4, shape) if side == 0 else rng.integers(0, 5, shape)
        if kind == "BitShift":
            v = rng.integers(0, 255, shape) if side == 0 else rng.integers(0, 8, shape)
        return np.asarray(v).astype(dtype)
    if kind == "PRelu":
        shape = [2, int(rng.integers(1, 6)), 4, 5]
        return b, b.op("PRelu", [b.input(*shape), b.floats(*pick(rng, (1,), (shape[1], 1, 1), (1, 1, 1), (5,), ()))])
    if kind == "Where":
        condition = b.value(rng.random(pick(rng, left, right)) < 0.5, constant=False)
        return b, b.op("Where", [condition, b.value(array(left, 0)), b.value(array(right, 1), constant=False)])
    if kind in ("Mean", "Sum", "Max", "Min"):
        extra = [b.value(array(right, 1))] if rng.random() < 0.4 else []
        return b, b.op(kind, [b.value(array(left, 0), False), b.value(array(right, 1)), *extra])
    attributes = {"direction": pick(rng, "LEFT", "RIGHT")} if kind == "BitShift" else {}
    if kind == "Mod":
        attributes["fmod"] = 1 if np.issubdtype(dtype, np.floating) else int(rng.integers(2))
    return b, b.op(kind, [b.value(array(left, 0), False), b.value(array(right, 1))], **attributes)


def unary(rng):
    b = Build(rng, opset=pick(rng, 14, 17, 20, 21))
    kind = pick(rng, "Relu", "LeakyRelu", "Elu", "Selu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Softplus",
                "Softsign", "Exp", "Log", "Sqrt", "Reciprocal", "Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Erf",
                "Sin", "Cos", "Clip", "ThresholdedRelu", "Gelu", "Mish", "Celu", "IsNaN", "Not", "Tan", "Atan", "Sinh")
    shape = [int(v) for v in rng.integers(1, 9, int(rng.integers(0, 5)))]
    if kind == "Gelu":
        b.opset = 20
    if kind == "Mish":
        b.opset = 18
    x = (rng.standard_normal(shape) * pick(rng, 1, 5)).astype(np.float32)
    if kind in ("Log", "Sqrt"):
        x = abs(x) + np.float32(0.01)
    if kind == "Reciprocal":
        x = np.where(abs(x) < 0.1, np.float32(0.5), x)
    if kind == "Tan":
        x = np.clip(x, -1.2, 1.2)
    if kind == "Not":
        x = x > 0
    x = b.value(np.asarray(x), constant=False)
    attributes = {}
    if kind in ("LeakyRelu", "Elu", "ThresholdedRelu", "Celu") and rng.random() < 0.7:
        attributes["alpha"] = float(rng.random() + 0.1)
    if kind == "Selu" and rng.random() < 0.5:
        attributes.update(alpha=1.3, gamma=0.7)
    if kind == "HardSigmoid" and rng.random() < 0.5:
        attributes.update(alpha=0.3, beta=0.4)
    if kind == "Gelu":
        attributes["approximate"] = pick(rng, "none", "tanh")
    if kind == "Clip":
        low, high = b.value(np.float32(-0.7), True), b.value(np.float32(0.9), True)
        return b, b.op("Clip", pick(rng, [x, low, high], [x, low], [x, "", high], [x]))
    return b, b.op(kind, [x], **attributes)


def softmax(rng):
    b = Build(rng, opset=pick(rng, 9, 11, 12, 13, 17))
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(1, 9, rank)]
    axis = None if rng.random() < 0.3 and (b.opset >= 13 or rank > 1) else int(rng.integers(-rank if b.opset >= 11 else 0, rank))
    return b, b.op(pick(rng, "Softmax", "LogSoftmax", "Hardmax"), [b.input(*shape, scale=3)], axis=axis)


def resize(rng):
    b = Build(rng, opset=pick(rng, 11, 13, 18, 19))
    n, c, h, w = int(rng.integers(1, 3)), int(rng.integers(1, 6)), *(int(v) for v in rng.integers(2, 9, 2))
    x = b.input(n, c, h, w)
    if rng.random() < 0.1:
        b.opset = 9
        scales = b.value(np.array([1, 1, *rng.integers(1, 4, 2)], np.float32), True)
        return b, b.op("Upsample", [x, scales], mode=pick(rng, "nearest", "linear"))
    mode = pick(rng, "nearest", "linear", "cubic")
    modes = ["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
    attributes = dict(mode=mode, coordinate_transformation_mode=pick(rng, *modes))
    if mode == "nearest":
        attributes["nearest_mode"] = pick(rng, "round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
    if mode == "cubic":
        attributes["cubic_coeff_a"] = pick(rng, -0.75, -0.5)
        attributes["exclude_outside"] = int(rng.integers(2))
    empty = b.value(np.zeros(0, np.float32), True) if b.opset < 13 else ""
    # Where extent times scale is broken, onnxruntime takes the whole size for these, the definition does not.
    whole = attributes["coordinate_transformation_mode"] in ("align_corners", "pytorch_half_pixel")
    if rng.random() < 0.5 and not whole:
        scales = [1.0, 1.0, float(pick(rng, 1, 2, 3, 0.5, 1.5, 0.625)), float(pick(rng, 1, 2, 3, 0.5, 1.5, 2.25))]
        inputs = [x, empty, b.value(np.array(scales, np.float32), True)]
    else:
        sizes = [n, c, *(int(v) for v in rng.integers(1, 16, 2))]
        inputs = [x, empty, empty, b.value(np.array(sizes, np.int64), True)]
    return b, b.op("Resize", inputs, **attributes)


def pad(rng):
    b = Build(rng, opset=pick(rng, 9, 11, 13, 18, 19))
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(3, 8, rank)]
    mode = pick(rng, "constant", "reflect", "edge", "wrap") if b.opset >= 19 else pick(rng, "constant", "reflect", "edge")
    low = -2 if mode == "constant" else 0
    pads = [int(v) for v in rng.integers(low, 3, 2 * rank)]
    if mode == "constant" and rng.random() < 0.3:
        pads = [max(-1, v) for v in pads]
    x = b.input(*shape)
    if b.opset < 11:
        return b, b.op("Pad", [x], mode=mode, pads=pads, value=0.5 if mode == "constant" else None)
    inputs = [x, b.value(np.array(pads, np.int64), True)]
    if mode == "constant" and rng.random() < 0.6:
        inputs.append(b.value(np.float32(rng.standard_normal()), True))
    return b, b.op("Pad", inputs, mode=mode)


def cut(rng):
    b = Build(rng, opset=pick(rng, 9, 10, 11, 13))
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(2, 9, rank)]
    x = b.input(*shape)
    axes = sorted(int(v) for v in rng.choice(rank, int(rng.integers(1, rank + 1)), replace=False))
    starts, ends, steps = [], [], []
    for a in axes:
        n = shape[a]
        step = pick(rng, 1, 1, 2, 3, -1, -2) if b.opset >= 10 else 1
        first, last = sorted(int(v) for v in rng.choice(n + 1, 2, replace=False))
        if step < 0:
            starts.append(pick(rng, last, last - n, n + 5) if last else 0)
            ends.append(first - 1 if first else pick(rng, -n - 1, -(2**31), -(2**63) + 1))
        else:
            starts.append(pick(rng, first, first - n))
            ends.append(last if last < n else pick(rng, n, 2**31 - 1, 2**63 - 1))
        steps.append(step)
    if rng.random() < 0.3:
        axes = [a - rank for a in axes] if b.opset >= 10 else axes
    if b.opset < 10:
        return b, b.op("Slice", [x], starts=starts, ends=ends, axes=axes)
    return b, b.op("Slice", [x, *(b.value(np.array(v, np.int64), True) for v in (starts, ends, axes, steps))])


def move(rng):
    b = Build(rng)
    kind = pick(rng, "Concat", "Split", "Gather", "Transpose", "Reshape", "Flatten", "Squeeze", "Expand", "Tile",
                "DepthToSpace", "SpaceToDepth", "GatherElements", "CumSum", "Slice", "Einsum", "ArgMax", "TopK", "Shuffle")
    rank = int(rng.integers(1, 6))
    shape = [int(v) for v in rng.integers(1, 7, rank)]
    axis = int(rng.integers(-rank, rank))
    dtype = pick(rng, np.float32, np.float32, np.int64, np.uint8, np.float64, np.int8)
    def tensor(s, constant=False):
        return b.value(rng.integers(0, 100, s).astype(dtype), constant)
    if kind == "Concat":
        parts = []
        for _ in range(int(rng.integers(1, 5))):
            part = list(shape)
            part[axis] = int(rng.integers(1, 6))
            parts.append(tensor(part, constant=bool(parts) and rng.random() < 0.3))
        return b, b.op("Concat", parts, axis=axis)
    if kind == "Split":
        count = int(rng.integers(1, 4))
        sizes = [int(v) for v in rng.integers(1, 5, count)]
        shape[axis] = sum(sizes)
        if b.opset < 13:
            return b, b.op("Split", [tensor(shape)], outputs=count, axis=axis, split=sizes)
        y = b.op("Split", [tensor(shape), b.value(np.array(sizes, np.int64), True)], outputs=count, axis=axis)
        return b, y
    if kind == "Gather":
        indices = rng.integers(-shape[axis], shape[axis], [int(v) for v in rng.integers(1, 4, int(rng.integers(0, 3)))])
        indices = b.value(np.asarray(indices).astype(pick(rng, np.int32, np.int64)))
        return b, b.op("Gather", [tensor(shape), indices], axis=axis)
    if kind == "GatherElements":
        other = list(shape)
        other[axis] = int(rng.integers(1, 6))
        indices = b.value(rng.integers(-shape[axis], shape[axis], other))
        return b, b.op("GatherElements", [tensor(shape), indices], axis=axis)
    if kind == "Transpose":
        order = [int(v) for v in rng.permutation(rank)]
        return b, b.op("Transpose", [tensor(shape)], perm=None if rng.random() < 0.2 else order)
    if kind == "Reshape":
        target = pick(rng, [-1], [shape[0], -1], [0, -1], [-1, shape[-1]], [1, -1, 1])
        return b, b.op("Reshape", [tensor(shape), b.value(np.array(target, np.int64), True)])
    if kind == "Flatten":
        return b, b.op("Flatten", [tensor(shape)], axis=axis)
    if kind == "Squeeze":
        shape[axis] = 1
        if b.opset < 13:
            y = b.op("Squeeze", [tensor(shape)], axes=[axis])
            return b, b.op("Unsqueeze", [y], axes=[0, rank])
        y = b.op("Squeeze", [tensor(shape), b.value(np.array([axis]), True)])
        return b, b.op("Unsqueeze", [y, b.value(np.array([0, -1]), True)])
    if kind == "Expand":
        part, _ = broadcast_shapes(rng, shape)
        return b, b.op("Expand", [tensor(part), b.value(np.array(shape, np.int64), True)])
    if kind == "Tile":
        return b, b.op("Tile", [tensor(shape), b.value(rng.integers(1, 4, rank), True)])
    if kind in ("DepthToSpace", "SpaceToDepth"):
        s = int(rng.integers(1, 4))
        c, h, w = (int(v) for v in rng.integers(1, 5, 3))
        x = b.input(2, c * s * s, h, w) if kind == "DepthToSpace" else b.input(2, c, h * s, w * s)
        return b, b.op(kind, [x], blocksize=s, mode=pick(rng, "DCR", "CRD") if kind == "DepthToSpace" else None)
    if kind == "CumSum":
        x = b.input(*shape)
        return b, b.op("CumSum", [x, b.value(np.array(axis), True)], exclusive=int(rng.integers(2)), reverse=int(rng.integers(2)))
    if kind == "Shuffle":
        g, c, h, w = (int(v) for v in rng.integers(1, 5, 4))
        x = b.input(1, g * c, h, w)
        y = b.op("Reshape", [x, b.value(np.array([1, g, c, h, w]), True)])
        y = b.op("Transpose", [y], perm=[0, 2, 1, 3, 4])
        y = b.op("Reshape", [y, b.value(np.array([0, -1, h, w]), True)])
        return b, b.op("Relu", [y])
    if kind == "Einsum":
        return b, b.op("Einsum", [b.input(2, 3, 4), b.floats(4, 5)], equation="bij,jk->bik")
    if kind == "ArgMax":
        x = b.value(rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32), False)
        return b, b.op(pick(rng, "ArgMax", "ArgMin"), [x], axis=axis, keepdims=int(rng.integers(2)))
    if kind == "TopK":
        x = b.value(rng.permutation(int(np.prod(shape))).reshape(shape).astype(np.float32), False)
        return b, b.op("TopK", [x, b.value(np.array([int(rng.integers(1, shape[axis] + 1))]), True)], outputs=2, axis=axis)
    return cut(rng)


def reduce(rng):
    b = Build(rng, opset=pick(rng, 11, 13, 18))
    rank = int(rng.integers(1, 5))
    shape = [int(v) for v in rng.integers(1, 9, rank)]
    kind = pick(rng, "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
                "ReduceLogSumExp", "ReduceSumSquare", "ReduceLogSum")
    axes = [int(v) for v in rng.choice(rank, int(rng.integers(1, rank + 1)), replace=False)]
    axes = [a - rank if rng.random() < 0.3 else a for a in axes]
    x = (rng.standard_normal(shape)).astype(np.float32)
    if kind == "ReduceLogSum":
        x = abs(x) + np.float32(0.1)
    if kind in ("ReduceMax", "ReduceMin", "ReduceSum") and rng.random() < 0.3:
        x = rng.integers(-50, 50, shape).astype(pick(rng, np.int32, np.int64))
    x = b.value(x, False)
    keep = int(rng.integers(2))
    as_input = b.opset >= 18 or (b.opset >= 13 and kind == "ReduceSum")
    if rng.random() < 0.15:
        return b, b.op(kind, [x], keepdims=keep)
    if as_input:
        return b, b.op(kind, [x, b.value(np.array(axes, np.int64), True)], keepdims=keep)
    return b, b.op(kind, [x], axes=axes, keepdims=keep)


def norm(rng):
    """Normalisations around convolutions, and the chains that exporters write in their place."""
    b = Build(rng, opset=pick(rng, 11, 14, 17))
    c, h, w = int(rng.integers(1, 10)), *(int(v) for v in rng.integers(3, 9, 2))
    x = b.input(int(rng.integers(1, 3)), c, h, w)
    kind = pick(rng, "before", "after", "both", "linear", "transposed", "chain", "instance", "lrn", "alone", "layer", "group")
    def bn(y, channels, constant=True):
        parts = [b.floats(channels, constant=constant), b.floats(channels, constant=constant), b.floats(channels, constant=constant),
                 b.value((rng.random(channels) + 0.1).astype(np.float32), constant)]
        return b.op("BatchNormalization", [y, *parts], epsilon=pick(rng, None, 1e-3))
    def convolution(y, channels, out, groups=1):
        k = pick(rng, 1, 3)
        inputs = [y, b.floats(out, channels // groups, k, k, constant=True)]
        if rng.random() < 0.5:
            inputs.append(b.floats(out, constant=True))
        return b.op("Conv", inputs, pads=[int(v) for v in rng.integers(0, 2, 4)] if rng.random() < 0.7 else None,
                    group=groups, strides=pick(rng, None, [2, 1]))
    out = int(rng.integers(1, 12))
    if kind == "alone":
        return b, bn(x, c, constant=rng.random() < 0.5)
    if kind == "before":
        y = convolution(bn(x, c), c, out)
    elif kind == "after":
        y = bn(convolution(x, c, c, groups=c) if rng.random() < 0.4 else convolution(x, c, c), c)
    elif kind == "both":
        y = bn(convolution(bn(x, c), c, out), out)
    elif kind == "linear":
        y = b.op("Flatten", [x])
        y = b.op("Gemm", [y, b.floats(c * h * w, out, constant=True)])
        y = bn(y, out)
    elif kind == "transposed":
        y = b.op("ConvTranspose", [x, b.floats(c, out, 3, 3, constant=True)], strides=[2, 2])
        y = bn(y, out)
    elif kind == "chain":
        y = convolution(x, c, out)
        for _ in range(int(rng.integers(1, 4))):
            y = b.op(pick(rng, "Mul", "Add", "Sub", "Div"), [y, b.value((rng.random((out, 1, 1)) + 0.5).astype(np.float32), True)])
    elif kind == "instance":
        y = b.op("InstanceNormalization", [x, b.floats(c), b.floats(c)], epsilon=pick(rng, None, 1e-2))
    elif kind == "layer":
        b.opset = 17
        y = b.op("LayerNormalization", [x, b.floats(w), b.floats(w)], axis=-1)
    elif kind == "group":
        b.opset = 21
        g = pick(rng, 1, c)
        y = b.op("GroupNormalization", [x, b.floats(c), b.floats(c)], num_groups=g)
    else:
        y = b.op("LRN", [x], size=pick(rng, 3, 5), alpha=0.5, beta=0.6, bias=1.5)
    return b, b.op("Relu", [y]) if rng.random() < 0.5 else y


def shared(rng):
    """Two convolutions over one weight that goes through Identity."""
    b = Build(rng, opset=pick(rng, 11, 13))
    c = int(rng.integers(1, 8))
    x = b.input(1, c, 6, 7)
    w = b.floats(c, c, 3, 3, constant=True)
    bias = b.floats(c, constant=True)
    first = b.op("Conv", [x, b.op("Identity", [w]), b.op("Identity", [bias])], pads=[1, 1, 1, 1])
    first = b.op("Relu", [first])
    second = b.op("Conv", [first, b.op("Identity", [w]), bias], pads=[1, 1, 1, 1])
    parts = [b.floats(c, constant=True) for _ in range(3)] + [b.value((rng.random(c) + 0.2).astype(np.float32), True)]
    parts = [b.op("Identity", [p]) for p in parts]
    return b, b.op("BatchNormalization", [b.op("Add", [first, second]), *parts])


def cast(rng):
    b = Build(rng, opset=pick(rng, 13, 19))
    types = [np.float32, np.float64, np.float16, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.bool_]
    source, target = pick(rng, *types), pick(rng, *types)
    shape = [int(v) for v in rng.integers(1, 9, int(rng.integers(0, 4)))]
    x = rng.integers(0, 100, shape) if np.dtype(source).kind in "ui" else rng.standard_normal(shape) * 40
    if np.dtype(target).kind == "u":
        x = abs(x)
    # What a number beyond the target's range becomes is left open.
    x = np.clip(x, -120, 120)
    x = b.value(np.asarray(x).astype(source), False)
    return b, b.op("Cast", [x], to=helper.np_dtype_to_tensor_dtype(np.dtype(target)))


def network(rng):
    """A small network of 5 to 12 ops over 4-d tensors, ending in one or two outputs."""
    b = Build(rng, opset=pick(rng, 11, 13, 17))
    size = int(rng.integers(6, 13))
    values = [(b.input(1, pick(rng, 1, 3, 4), size, size),)]
    shapes = {values[0][0]: (0, 0, 0)}
    first = b.feeds[values[0][0]].shape
    values, shapes = [values[0][0]], {values[0][0]: tuple(first[1:])}
    for _ in range(int(rng.integers(5, 13))):
        x = values[int(rng.integers(len(values)))] if rng.random() < 0.35 else values[-1]
        c, h, w = shapes[x]
        kind = pick(rng, "conv", "conv", "conv", "depthwise", "bn", "relu", "act", "add", "concat", "pool", "average", "mul",
                    "upsample", "se", "pad", "transpose", "split", "dead", "clip")
        if kind in ("conv", "dead"):
            out, k = int(rng.integers(1, 14)), pick(rng, 1, 3)
            weight = (rng.standard_normal((out, c, k, k)) / np.sqrt(c * k * k)).astype(np.float32)
            bias = rng.standard_normal(out).astype(np.float32)
            if kind == "dead":
                weight[rng.random(out) < 0.5] = 0
            inputs = [x, b.value(weight, True)] + ([b.value(bias, True)] if rng.random() < 0.6 else [])
            s = pick(rng, 1, 1, 2)
            y = b.op("Conv", inputs, pads=[k // 2] * 4, strides=[s, s])
            shapes[y] = (out, (h + 2 * (k // 2) - k) // s + 1, (w + 2 * (k // 2) - k) // s + 1)
        elif kind == "depthwise":
            y = b.op("Conv", [x, b.floats(c, 1, 3, 3, scale=0.4, constant=True)], group=c, pads=[1, 1, 1, 1])
            shapes[y] = (c, h, w)
        elif kind == "bn":
            y = b.op("BatchNormalization", [x, b.floats(c, constant=True), b.floats(c, constant=True),
                                            b.floats(c, constant=True), b.value((rng.random(c) + 0.3).astype(np.float32), True)])
            shapes[y] = (c, h, w)
        elif kind in ("relu", "act"):
            y = b.op("Relu" if kind == "relu" else pick(rng, "Sigmoid", "Tanh", "HardSigmoid", "LeakyRelu"), [x])
            shapes[y] = (c, h, w)
        elif kind == "clip":
            y = b.op("Clip", [x, b.value(np.float32(0), True), b.value(np.float32(6), True)])
            shapes[y] = (c, h, w)
        elif kind in ("add", "mul"):
            same = [v for v in values if shapes[v] == shapes[x]]
            y = b.op("Add" if kind == "add" else "Mul", [x, same[int(rng.integers(len(same)))]])
            shapes[y] = (c, h, w)
        elif kind == "concat":
            same = [v for v in values if shapes[v][1:] == (h, w)]
            parts = [x] + [same[int(rng.integers(len(same)))] for _ in range(int(rng.integers(1, 3)))]
            y = b.op("Concat", parts, axis=1)
            shapes[y] = (sum(shapes[p][0] for p in parts), h, w)
        elif kind in ("pool", "average") and h > 2 and w > 2:
            y = b.op("MaxPool" if kind == "pool" else "AveragePool", [x], kernel_shape=[2, 2], strides=[2, 2])
            shapes[y] = (c, h // 2, w // 2)
        elif kind == "upsample" and h < 12 and w < 12:
            y = b.op("Resize", [x, b.value(np.zeros(0, np.float32), True), b.value(np.array([1, 1, 2, 2], np.float32), True)],
                     mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
            shapes[y] = (c, 2 * h, 2 * w)
        elif kind == "se":
            y = b.op("GlobalAveragePool", [x])
            y = b.op("Conv", [y, b.floats(c, c, 1, 1, constant=True)])
            y = b.op("Mul", [x, b.op("Sigmoid", [y])])
            shapes[y] = (c, h, w)
        elif kind == "pad":
            p = [int(v) for v in rng.integers(0, 2, 4)]
            y = b.op("Pad", [x, b.value(np.array([0, 0, p[0], p[1], 0, 0, p[2], p[3]]), True)])
            shapes[y] = (c, h + p[0] + p[2], w + p[1] + p[3])
        elif kind == "transpose":
            y = b.op("Transpose", [x], perm=[0, 1, 3, 2])
            shapes[y] = (c, w, h)
        elif kind == "split" and c > 1:
            m = int(rng.integers(1, c))
            if b.opset < 13:
                y, z = b.op("Split", [x], outputs=2, axis=1, split=[m, c - m])
            else:
                y, z = b.op("Split", [x, b.value(np.array([m, c - m]), True)], outputs=2, axis=1)
            shapes[y], shapes[z] = (m, h, w), (c - m, h, w)
            values.append(z)
        else:
            continue
        values.append(y)
    ends = [values[-1]]
    if rng.random() < 0.4:
        c, h, w = shapes[ends[0]]
        y = b.op("Flatten", [b.op("GlobalAveragePool", [ends[0]])])
        ends[0] = b.op("Softmax", [b.op("Gemm", [y, b.floats(5, c, constant=True), b.floats(5, constant=True)], transB=1)], axis=1)
    if rng.random() < 0.3 and len(values) > 3 and values[-2] != values[0]:
        ends.append(values[-2])
    return b, ends


FAMILIES = {
    "conv": (conv, 5), "conv_transpose": (conv_transpose, 3), "pool": (pool, 3), "gemm": (gemm, 2), "matmul": (matmul, 2),
    "binary": (binary, 3), "unary": (unary, 2), "softmax": (softmax, 1), "resize": (resize, 2), "pad": (pad, 1), "slice": (cut, 1),
    "move": (move, 3), "reduce": (reduce, 2), "norm": (norm, 3), "shared": (shared, 1), "quantised": (quantised, 3),
    "runtime": (runtime, 2), "cast": (cast, 1),
    "network": (network, 5),
}


def make(rng, name):
    """A case that onnxruntime, or where it is narrower than the standard ONNX's reference evaluator, runs: model, feeds, expected outputs, whether it quantises."""
    refused = 0
    while refused < 40:
        builder, outputs = FAMILIES[name][0](rng)
        try:
            model = builder.model(outputs)
            if not builder.domains:
                onnx.checker.check_model(model)
            if builder.reference:
                session = ReferenceEvaluator(model)
            else:
                options = ort.SessionOptions()
                options.log_severity_level = 4
                options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
                session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
            expected = [np.asarray(v) for v in session.run(None, builder.feeds)]
        except Exception:
            refused += 1
            continue
        if all(e.size > 0 for e in expected):
            return model, builder.feeds, expected, builder.steps
        refused += 1
    raise SystemExit(f"every case of '{name}' is refused")


def difference(got, want, steps):
    """Why two arrays differ, or None."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"is {got.dtype}{list(got.shape)}, not {want.dtype}{list(want.shape)}"
    if want.dtype.kind != "f":
        gap = np.abs(got.astype(np.float64) - want.astype(np.float64))
        if gap.max() == 0 or steps and gap.max() <= 1 and (gap > 0).mean() <= max(0.02, 1.5 / gap.size):
            return None
        return f"{(gap > 0).sum()} of {gap.size} integers differ, by up to {gap.max():g}"
    finite = np.isfinite(want)
    if not np.array_equal(got[~finite], want[~finite], equal_nan=True) or not np.isfinite(got[finite]).all():
        return "not-a-numbers or infinities differ"
    if not finite.any():
        return None
    top = np.abs(want[finite]).max()
    gaps = np.abs(got[finite].astype(np.float64) - want[finite].astype(np.float64))
    limit = 1e-4 if want.dtype != np.float16 else 2e-3
    if steps:  # one step of the last quantisation, rarely
        loud = gaps > limit * top
        smallest = np.diff(np.unique(want[finite]))
        step = smallest[smallest > 1e-6].min() if (smallest > 1e-6).any() else top
        if loud.mean() <= max(0.02, 1.5 / loud.size) and gaps.max() <= step * 1.01:
            return None
    return None if gaps.max() <= limit * top + 1e-30 else f"differs by {gaps.max():.3g}, the largest value is {top:.3g}"


def quick_compiler(folder):
    """A C compiler that optimises less, so that many small models are done soon."""
    path = folder / "cc-quick"
    path.write_text('#!/bin/bash\na=()\nfor w in "$@"; do [ "$w" = -O3 ] && w=-O1; a+=("$w"); done\nexec ${FETTLE_CC:-cc} "${a[@]}"\n')
    path.chmod(0o755)
    return path


def run_batch(fettle, options, entries, work):
    """Runs a batch, again behind an entry that killed it. The statuses by entry."""
    rest, deaths = list(entries), {}
    while rest:
        listing = work / "list.json"
        listing.write_text(json.dumps(rest))
        environment = dict(os.environ, CC=str(quick_compiler(work)), FETTLE_CACHE=str(work / "cache"))
        process = subprocess.Popen([fettle, "run", "-q", "--batch", str(listing), *options], env=environment,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        end, done = None, -1
        while end is None:
            try:
                _, errors = process.communicate(timeout=60)
                end = f"status {process.returncode}: {errors.strip()[-300:]}"
            except subprocess.TimeoutExpired:
                before, done = done, sum((Path(e["outdir"]) / "status").exists() for e in rest)
                if before == done:
                    process.kill()
                    process.communicate()
                    end = "no progress for a minute"
        left = [e for e in rest if not (Path(e["outdir"]) / "status").exists()]
        if not left:
            break
        deaths[left[0]["outdir"]] = f"the process ended: {end}"
        rest = left[1:]
    return deaths


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fettle")
    parser.add_argument("work", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(FAMILIES))
    parser.add_argument("--ways", default=",".join(WAYS))
    a = parser.parse_args()
    names = a.only.split(",")
    weights = np.array([FAMILIES[n][1] for n in names], float)
    root = a.work / "random"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    cases = []
    for i in range(a.count):
        rng = np.random.default_rng([a.seed, i])
        name = str(rng.choice(names, p=weights / weights.sum()))
        model, feeds, expected, steps = make(rng, name)
        folder = root / f"{i:05d}-{name}"
        folder.mkdir()
        onnx.save(model, folder / "model.onnx")
        inputs = []
        for port in model.graph.input:
            np.save(folder / f"{port.name}.npy", feeds[port.name])
            inputs.append(str(folder / f"{port.name}.npy"))
        cases.append((folder, inputs, expected, steps, " ".join(n.op_type for n in model.graph.node)))
    failed, unsupported, passed = {}, {}, 0
    for way in a.ways.split(","):
        entries = []
        for folder, inputs, _, _, _ in cases:
            (folder / way).mkdir()
            entries.append({"model": str(folder / "model.onnx"), "inputs": inputs, "outdir": str(folder / way)})
        deaths = run_batch(a.fettle, WAYS[way], entries, root)
        for folder, _, expected, steps, ops in cases:
            out = folder / way
            if str(out) in deaths:
                why = deaths[str(out)]
            elif (status := (out / "status").read_text()).strip() != "0":
                if status.startswith("3"):
                    unsupported.setdefault(status.split()[-1], []).append(folder.name)
                    continue
                why = status
            else:
                found = [difference(np.load(out / f"output_{k}.npy"), e, steps) for k, e in enumerate(expected)]
                why = next((f"output {k}: {w}" for k, w in enumerate(found) if w), None)
            if why:
                failed.setdefault(folder, []).append((way, why, ops))
            else:
                passed += 1
    for folder, whys in sorted(failed.items()):
        print(f"FAILED {folder.name} ({whys[0][2][:80]})")
        for way, why, _ in whys:
            print(f"    {way}: {why[:300]}")
    for status, which in sorted(unsupported.items()):
        print(f"unsupported ({len(which)}): {status[:200]}")
    print(f"{passed} passed, {sum(map(len, failed.values()))} failed in {len(failed)} cases, "
          f"{sum(map(len, unsupported.values()))} unsupported")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
