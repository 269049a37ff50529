"""A random graph that grows by operators, with the types of all tensors known as it grows. For random_blocks.py."""
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from random_names import Names

OPSETS = range(7, onnx.defs.onnx_opset_version() + 1)
# Tensors stay small: many models are compiled and run, some of them emulated.
ELEMENTS = 3000
SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17]


class Refused(Exception):
    """The block does not apply to this graph."""


def refuse():
    raise Refused


@dataclass(frozen=True)
class Tensor:
    name: str
    shape: tuple
    dtype: np.dtype

    @property
    def rank(self):
        return len(self.shape)

    @property
    def real(self):
        return self.dtype == np.float32


class Graph:
    """What has grown so far: nodes, ports, constants, and the tensors that blocks may read."""

    def __init__(self, rng, opset):
        self.rng, self.opset, self.names = rng, opset, Names(rng)
        self.nodes, self.ports, self.feeds, self.constants, self.types = [], {}, {}, {}, {}
        self.pool, self.outputs = [], []
        # Weights that were integers, by shape: another layer may have the same.
        self.dequantised = {}
        # Of three models in ten the nodes have no names.
        self.names_nodes = rng.random() < 0.7

    # -- choices

    def pick(self, *options):
        return options[int(self.rng.integers(len(options)))]

    def chance(self, share):
        return self.rng.random() < share

    def between(self, low, high):
        """A whole number, both ends included."""
        return int(self.rng.integers(low, high + 1))

    def any(self, wanted=lambda t: True, newest=0.55):
        """A tensor to read: often the newest one that fits, else any, so that some have several readers."""
        fitting = [t for t in self.pool if wanted(t)]
        if not fitting:
            raise Refused
        return fitting[-1] if self.chance(newest) else self.pick(*fitting)

    def real(self, *ranks, newest=0.55):
        return self.any(lambda t: t.real and (not ranks or t.rank in ranks), newest)

    def axis(self, axis, rank, since=11):
        """An axis, at times counted from the end where the operator's version allows it."""
        return axis - rank if self.opset >= since and self.chance(0.4) else axis

    # -- tensors

    def input(self, array):
        array = np.asarray(array)
        name = self.names.new("in")
        self.ports[name] = helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
        self.types[name] = self.ports[name].type
        self.feeds[name] = array
        tensor = Tensor(name, array.shape, array.dtype)
        self.pool.append(tensor)
        return tensor

    def constant(self, array):
        """A constant: an initialiser, or the result of a Constant node."""
        array = np.asarray(array)
        name = self.names.new("c")
        tensor = numpy_helper.from_array(array, name)
        self.types[name] = helper.make_tensor_type_proto(tensor.data_type, array.shape)
        self.constants[name] = tensor
        if self.chance(0.1):
            form = dict(value=tensor)
            if self.opset >= 12 and array.ndim <= 1 and array.size and self.chance(0.5) and array.dtype in (np.float32, np.int64):
                word = ("value_float" if array.dtype == np.float32 else "value_int") + "s" * array.ndim
                form = {word: array.tolist()}
            self.nodes.append(helper.make_node("Constant", [], [name], **form))
        return Tensor(name, array.shape, array.dtype)

    def weights(self, shape, spread=1.0, shared=0.15):
        """Random constants, at times those of another layer."""
        shape = tuple(int(n) for n in shape)
        same = [n for n, t in self.constants.items() if tuple(t.dims) == shape and t.data_type == TensorProto.FLOAT]
        if same and self.chance(shared):
            return Tensor(self.pick(*same), shape, np.dtype(np.float32))
        return self.constant((self.rng.standard_normal(shape) * spread).astype(np.float32))

    def positive(self, *shape):
        return self.constant((self.rng.random(shape) + 0.3).astype(np.float32))

    def integers(self, *values):
        return self.constant(np.array(values, np.int64))

    # -- operators

    def op(self, kind, inputs, outputs=1, shape=None, **attributes):
        """A node. Attributes that the operator does not have at the model's opset are left out. The shape of the result is given
        where it follows from values that only a run tells."""
        try:
            schema = onnx.defs.get_schema(kind, self.opset)
        except onnx.defs.SchemaError:
            raise Refused from None
        attributes = {k: v for k, v in attributes.items() if v is not None and k in schema.attributes}
        inputs = ["" if t is None else t.name for t in inputs]
        while inputs and not inputs[-1]:
            inputs.pop()
        names = [self.names.new() for _ in range(outputs)]
        node = helper.make_node(kind, inputs, names, **attributes)
        if self.names_nodes:
            node.name = self.names.new("n")
        known = [i for i in inputs if i]
        try:
            types = onnx.shape_inference.infer_node_outputs(
                schema, node, {i: self.types[i] for i in known}, {i: self.constants[i] for i in known if i in self.constants},
                opset_imports=[helper.make_opsetid("", self.opset)])
        except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError):
            raise Refused from None
        made = []
        if shape is not None:
            types[names[0]] = helper.make_tensor_type_proto(types[names[0]].tensor_type.elem_type, shape)
        for name in names:
            kind_of_tensor = types[name].tensor_type
            dims = kind_of_tensor.shape.dim
            if not kind_of_tensor.HasField("shape") or any(not d.HasField("dim_value") or d.dim_value < 1 for d in dims):
                raise Refused
            shape = tuple(d.dim_value for d in dims)
            if np.prod(shape) > ELEMENTS:
                raise Refused
            made.append(Tensor(name, shape, np.dtype(helper.tensor_dtype_to_np_dtype(kind_of_tensor.elem_type))))
        self.nodes.append(node)
        self.types.update(types)
        return made[0] if outputs == 1 else made

    def scaled(self, x, by):
        return self.op("Mul", [x, self.constant(np.float32(by))])

    def grow(self, block):
        """Adds a block, or nothing if it does not apply. What it returns may be read by later ones."""
        nodes, pool = len(self.nodes), len(self.pool)
        kept = dict(self.ports), dict(self.feeds), dict(self.constants), list(self.outputs), dict(self.dequantised)
        try:
            made = block(self)
        except Refused:
            del self.nodes[nodes:], self.pool[pool:]
            self.ports, self.feeds, self.constants, self.outputs, self.dequantised = kept
            return False
        self.pool += made if isinstance(made, (list, tuple)) else [made]
        return True

    # -- the whole

    def finish(self):
        """Chooses the outputs: the last tensor, at times others, also some that have readers, inputs and constants."""
        made = [t.name for t in self.pool if t.name not in self.ports]
        if not made:
            return
        read = {i for n in self.nodes for i in n.input}
        ends = [n for n in made if n not in read]
        chosen = [made[-1]] + [n for n in ends[:-1] if self.chance(0.8)]
        if len(made) > 1 and self.chance(0.4):
            chosen.append(self.pick(*made))
        if self.chance(0.08):
            chosen.append(self.pick(*self.ports))
        if self.constants and self.chance(0.04):
            chosen.append(self.pick(*self.constants))
        chosen = list(dict.fromkeys(self.outputs + chosen))
        self.rng.shuffle(chosen)
        self.outputs = [str(n) for n in chosen[:6]]

    def model(self):
        from_nodes = {o for n in self.nodes for o in n.output}
        initialisers = [t for n, t in self.constants.items() if n not in from_nodes]
        inputs = list(self.ports.values())
        version = 3 if self.opset <= 8 else min(10, onnx.IR_VERSION)
        if version == 3:  # Before version 4 an initialiser is an input as well.
            inputs = inputs + [helper.make_value_info(t.name, self.types[t.name]) for t in initialisers]
        graph = helper.make_graph(self.nodes, "random", inputs, [helper.make_value_info(o, self.types[o]) for o in self.outputs],
                                  initialisers)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=version)
