"""A random model from its seed and index, with inputs and what onnxruntime answers. For random_models.py."""
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnxruntime as ort

from random_blocks import BLOCKS
from random_graph import OPSETS, SIZES, Graph

# How often a model is drawn anew where onnxruntime refuses it.
ATTEMPTS = 25
LARGEST = 1e6


@dataclass(eq=False)
class Case:
    index: int
    model: onnx.ModelProto
    feeds: dict
    expected: dict
    blocks: list
    # What onnxruntime said of the draws that it refused.
    refusals: list = field(default_factory=list)

    @property
    def name(self):
        return f"m{self.index:06d}"

    @property
    def quantises(self):
        return any(n.op_type == "QuantizeLinear" for n in self.model.graph.node)

    @property
    def inputs(self):
        return list(self.feeds)

    @property
    def outputs(self):
        return [o.name for o in self.model.graph.output]


def session(model):
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def answers(model, feeds):
    made = session(model)
    names = [o.name for o in model.graph.output]
    return dict(zip(names, (np.asarray(v) for v in made.run(names, feeds))))


def draw(rng, kinds):
    """A graph of a few blocks over one input or some."""
    graph = Graph(rng, int(rng.choice(OPSETS)))
    batch = graph.pick(1, 1, 1, 1, 2, 3)
    rank = graph.pick(4, 4, 4, 4, 4, 4, 3, 3, 2, 2, 1, 5)
    limit = {1: 20, 2: 20, 3: 20, 4: 10, 5: 5}[rank]
    shape = [batch, graph.pick(*SIZES[:10]), *(graph.between(1, limit) for _ in range(rank - 2))][:rank] if rank > 1 else [graph.pick(*SIZES)]
    if rank == 4 and graph.chance(0.08):
        shape[2:] = [16, 16]
        shape[1] = min(shape[1], 4)
    graph.input(rng.standard_normal(shape).astype(np.float32))
    weights = np.array([weight for _, _, weight in kinds], float)
    used = []
    for _ in range(graph.between(2, 7)):
        for _ in range(8):
            name, block, _ = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
            if graph.grow(block):
                used.append(name)
                break
    graph.finish()
    return graph, used


def steady(made, names, feeds, expected, rng):
    """Whether the outputs answer a small change of the inputs by a small one: else rounding alone would make a difference."""
    moved = {n: np.asarray(v * (1 + rng.uniform(-1e-6, 1e-6, v.shape)), v.dtype) if v.dtype == np.float32 else v
             for n, v in feeds.items()}
    for name, value in zip(names, made.run(names, moved)):
        before = expected[name]
        if before.dtype == np.float32 and np.abs(value - before).max() > 2e-5 * np.abs(before).max() + 1e-30:
            return False
    return True


def make(seed, index, only=None):
    """The case of a seed and an index: always the same."""
    kinds = [b for b in BLOCKS if not only or b[0] in only]
    refusals = []
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng([seed, index, attempt])
        graph, used = draw(rng, kinds)
        if not used or not graph.outputs:
            continue
        model = graph.model()
        onnx.checker.check_model(model)
        names = graph.outputs
        try:
            made = session(model)
            expected = dict(zip(names, (np.asarray(v) for v in made.run(names, graph.feeds))))
        except Exception as error:  # onnxruntime's exceptions have no common type
            refusals.append(str(error).splitlines()[0][-160:])
            continue
        # onnxruntime does not make of every model what ONNX says of its shapes.
        declared = {o.name: tuple(d.dim_value for d in o.type.tensor_type.shape.dim) for o in model.graph.output}
        if any(v.shape != declared[n] for n, v in expected.items()):
            refusals.append("answers have other shapes than ONNX says")
            continue
        # What is no number, and windows that lie in the padding altogether.
        if any(v.dtype.kind == "f" and not (np.abs(v) < LARGEST).all() for v in expected.values()):
            continue
        case = Case(index, model, graph.feeds, expected, used, refusals)
        if case.quantises or steady(made, names, graph.feeds, expected, rng):
            return case
    raise SystemExit(f"index {index} of seed {seed}: every draw is refused: {refusals[-1:]}")
