"""Whether two answers of a random model agree. For random_models.py.

Floats agree within 1e-4 of the largest value of their tensor, integers exactly. Where a model rounds (QuantizeLinear), a value that
lies at the middle between two integers may go either way: such an answer agrees only if it is found again by rounding some of the
values that lie there the other way, and nothing else.
"""
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper

from random_reference import session


@dataclass(frozen=True)
class Tolerance:
    """How far floats may be apart, and how far from the middle a value may lie that is rounded the other way; both of the
    largest value of their tensor."""
    floats: float = 1e-4
    middle: float = 1e-5


SAME = Tolerance()
# Models that are lowered to integers hold biases in steps of the product of the scales, which are up to 1e-3 here.
LOWERED = Tolerance(1e-3, 1e-3)
FLIPS = 1500


def gaps(got, want, tolerance):
    """By how much elements differ beyond what is allowed."""
    if want.dtype.kind != "f":
        return np.abs(got.astype(np.float64) - want.astype(np.float64))
    gap = np.abs(got.astype(np.float64) - want.astype(np.float64))
    gap = np.where(np.isfinite(gap), gap, np.inf)
    return np.where(gap <= tolerance.floats * np.abs(want).max() + 1e-30, 0, gap)


def difference(got, want, tolerance=SAME):
    """Why two answers differ, or None. Both are dictionaries by output."""
    for name, value in want.items():
        other = got[name]
        if other.shape != value.shape or other.dtype != value.dtype:
            return f"output '{name}' is {other.dtype}{list(other.shape)}, not {value.dtype}{list(value.shape)}"
        gap = gaps(other, value, tolerance)
        if gap.max() > 0:
            place = [int(i) for i in np.unravel_index(gap.argmax(), gap.shape)]
            return (f"output '{name}': {(gap > 0).sum()} of {gap.size} differ, by up to {gap.max():.4g} at {place}; "
                    f"the largest value is {np.abs(value).max():.4g}")
    return None


class Roundings:
    """A model whose roundings can be moved, each element by whole steps, run by onnxruntime."""

    def __init__(self, case, tolerance=SAME):
        self.case, self.tolerance = case, tolerance
        model = onnx.ModelProto()
        model.CopyFrom(case.model)
        graph, self.steps = model.graph, []
        nodes = list(graph.node)
        del graph.node[:]
        extra = {}
        for i, node in enumerate(nodes):
            graph.node.append(node)
            if node.op_type != "QuantizeLinear":
                continue
            name, raw = node.output[0], f"rounding/raw/{i}"
            graph.node[-1].output[0] = raw
            port = f"rounding/moved/{i}"
            graph.node.append(helper.make_node("Cast", [raw], [raw + "/i"], to=TensorProto.INT32))
            graph.node.append(helper.make_node("Add", [raw + "/i", port], [raw + "/m"]))
            graph.node.append(helper.make_node("Cast", [raw + "/m"], [name], to=TensorProto.INT8))
            zero = node.input[2] if len(node.input) > 2 else None
            axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
            self.steps.append((node, raw, port, axis, zero, graph.node[-1]))
            graph.input.append(helper.make_tensor_value_info(port, TensorProto.INT32, None))
            extra[node.input[0]] = extra[node.input[1]] = extra[raw] = True
            if zero:
                extra[zero] = True
        self.extra = [n for n in extra if n not in case.outputs]
        for name in self.extra:
            graph.output.append(helper.make_empty_tensor_value_info(name))
        kinds = {t.name: t.data_type for t in graph.initializer}
        kinds.update({n.output[0]: n.attribute[0].t.data_type for n in nodes if n.op_type == "Constant"})
        for node, _, _, _, zero, cast in self.steps:
            cast.attribute[0].i = kinds[zero] if zero else TensorProto.UINT8
        self.session = session(model)
        self.names = case.outputs + self.extra

    def run(self, moved):
        feeds = dict(self.case.feeds)
        for _, _, port, _, _, _ in self.steps:
            feeds[port] = moved.get(port, np.zeros((), np.int32))
        return dict(zip(self.names, self.session.run(self.names, feeds)))

    def candidates(self, values, step):
        """The places of a QuantizeLinear whose values lie at the middle: how far from it, place, the way to the other integer."""
        node, raw, _, axis, zero, _ = step
        x, scale = values[node.input[0]].astype(np.float64), values[node.input[1]].astype(np.float64)
        if scale.size > 1:
            scale = scale.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
        exact = x / scale
        low = np.floor(exact)
        away = np.abs(exact - low - 0.5)
        near = away <= self.tolerance.middle * np.abs(x).max() / scale
        offset = values[zero].astype(np.float64) if zero else np.zeros(())
        if offset.size > 1:
            offset = offset.reshape(scale.shape)
        taken = values[raw].astype(np.float64) - offset
        info = np.iinfo(values[raw].dtype)
        way = np.where(taken == low, 1, -1)
        inside = (taken + offset + way >= info.min) & (taken + offset + way <= info.max) & ((taken == low) | (taken == low + 1))
        return [(float(away[p]), p, int(way[p])) for p in map(tuple, np.argwhere(near & inside))]

    def reaches(self, wanted):
        """Whether roundings the other way, only at the middle, lead to the answer that is wanted."""
        moved, tries, found = {}, 0, True
        values = self.run(moved)
        score = self.distance(values, wanted)
        while score > 0 and found:
            found = False
            places = [(*c, step) for step in self.steps for c in self.candidates(values, step)]
            for _, place, way, step in sorted(places, key=lambda p: p[0]):
                if tries >= FLIPS or score == 0:
                    break
                tries += 1
                port, shape = step[2], values[step[0].input[0]].shape
                trial = dict(moved)
                trial[port] = np.array(np.broadcast_to(moved.get(port, np.zeros(shape, np.int32)), shape))
                if trial[port][place] != 0:
                    continue
                trial[port][place] = way
                after = self.run(trial)
                if (distance := self.distance(after, wanted)) < score:
                    moved, values, score, found = trial, after, distance, True
        return score == 0

    def distance(self, values, wanted):
        total = 0.0
        for name in self.case.outputs:
            largest = np.abs(values[name].astype(np.float64)).max() + 1e-9
            total += float(np.minimum(gaps(wanted[name], values[name], self.tolerance) / largest, 10).sum())
        return total
