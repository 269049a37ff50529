"""A random ONNX model that grows by nodes, for random_cases.py."""
import numpy as np
import onnx
from onnx import helper, numpy_helper

# Constants below the lines of opset 13 have other forms; most operators of exporters are met at these.
OPSETS = [11, 13, 17, 21]


class Build:
    """A model that grows, with the inputs it is to be run on."""

    def __init__(self, rng, opset=None):
        self.rng = rng
        self.nodes, self.inputs, self.constants, self.feeds = [], [], [], {}
        self.opset = opset or int(rng.choice(OPSETS))
        self.count = 0
        # Whether results may differ by a step, and whether ONNX's reference evaluator tells what is right.
        self.steps = self.reference = False
        self.domains = set()

    def name(self, stem="t"):
        self.count += 1
        return f"{stem}{self.count}"

    def value(self, array, constant=None):
        """An input or, half the time, an initialiser."""
        array = np.asarray(array)
        name = self.name("v")
        if constant is None:
            constant = self.rng.random() < 0.5
        if constant:
            self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        else:
            self.inputs.append(helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
            self.feeds[name] = array
        return name

    def floats(self, *shape, scale=1.0, constant=None, dtype=np.float32):
        return self.value((self.rng.standard_normal(shape) * scale).astype(dtype), constant)

    def input(self, *shape, scale=1.0):
        return self.floats(*shape, scale=scale, constant=False)

    def op(self, kind, inputs, outputs=1, domain="", **attributes):
        names = [self.name() for _ in range(outputs)]
        attributes = {k: v for k, v in attributes.items() if v is not None}
        self.nodes.append(helper.make_node(kind, inputs, names, name=f"n{self.count}", domain=domain, **attributes))
        if domain:
            self.domains.add(domain)
        return names[0] if outputs == 1 else names

    def model(self, outputs):
        outputs = [outputs] if isinstance(outputs, str) else outputs
        graph = helper.make_graph(
            self.nodes, "case", self.inputs, [helper.make_empty_tensor_value_info(o) for o in outputs], self.constants)
        imports = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(d, 1) for d in sorted(self.domains)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=8)
        model = onnx.shape_inference.infer_shapes(model)
        for port in model.graph.output:  # The types of operators that onnx does not know are onnxruntime's to tell.
            if not port.type.tensor_type.elem_type:
                port.ClearField("type")
        return model


def pick(rng, *options):
    return options[int(rng.integers(len(options)))]
