"""Models that lie: what contradicts itself, what is small and describes more than a machine computes, and names that a terminal would obey.
Used by hostile.py."""
import onnx
from onnx import TensorProto, helper

F, I = TensorProto.FLOAT, TensorProto.INT64


def port(name, *shape, element=F):
    return helper.make_tensor_value_info(name, element, list(shape))


def model(nodes, inputs=None, outputs=None, constants=(), info=(), opsets=(("", 17),), functions=(), **rest):
    graph = helper.make_graph(nodes, "g", inputs if inputs is not None else [port("x", 1, 4)],
                              outputs if outputs is not None else [port("y", 1, 4)], list(constants), value_info=list(info))
    imports = [helper.make_opsetid(d, v) for d, v in opsets]
    return helper.make_model(graph, opset_imports=imports, functions=list(functions), ir_version=10, **rest)


def node(kind, inputs, outputs, name="the/node", **attributes):
    return helper.make_node(kind, inputs, outputs, name=name, **attributes)


def relu(x="x", y="y", name="the/node"):
    return node("Relu", [x], [y], name)


def weight(name, *values, dims=None):
    return helper.make_tensor(name, F, dims or [len(values)], values)


def twice(made, **again):
    """A node with some attributes once more."""
    made.attribute.extend(helper.make_attribute(k, v) for k, v in again.items())
    return made


def contradictions():
    """Name, model, status, words that the message must hold."""
    add = node("Add", ["x", "w"], ["y"])
    one, other = weight("w", 1.0), weight("w", 2.0)
    yield "initialiser-twice", model([add], constants=[one, other]), 1, ["'w'", "twice"]
    yield "initialiser-twice-unread", model([relu()], constants=[one, other]), 1, ["'w'", "twice"]
    sparse = helper.make_sparse_tensor(weight("w", 3.0), helper.make_tensor("", I, [1], [0]), [1])
    both = model([add], constants=[one])
    both.graph.sparse_initializer.append(sparse)
    yield "initialiser-twice-sparse", both, 1, ["'w'", "twice"]
    yield "attribute-twice", model([twice(node("Softmax", ["x"], ["y"], axis=1), axis=0)]), 1, ["the/node", "'axis'", "twice"]
    yield "attribute-twice-unread", model([relu(), twice(node("Softmax", ["x"], ["z"], "dead", axis=1), axis=1)]), 1, ["dead", "'axis'"]
    yield "output-twice", model([relu()], outputs=[port("y", 1, 4)] * 2), 1, ["'y'", "twice"]
    yield "opset-twice", model([relu()], opsets=(("", 17), ("", 13))), 1, ["twice", "17", "13"]
    yield "opset-twice-alias", model([relu()], opsets=(("", 17), ("ai.onnx", 17))), 1, ["twice"]
    yield "opset-twice-elsewhere", model([relu()], opsets=(("", 17), ("a.b", 1), ("a.b", 2))), 1, ["twice", "a.b"]
    yield "result-is-initialiser", model([relu("x", "w"), add], constants=[one]), 1, ["'w'", "initializer"]
    yield "result-is-input", model([relu("x", "x"), relu()]), 1, ["'x'", "input"]
    yield "result-twice-in-one-node", model([node("Split", ["x"], ["y", "y"], axis=1)]), 1, ["'y'"]
    yield "default-of-another-type", model([add], [port("x", 1, 4), port("w", 1, element=I)], constants=[one]), 1, ["'w'", "INT64"]
    yield "default-of-another-shape", model([add], [port("x", 1, 4), port("w", 3)], constants=[one]), 1, ["'w'"]
    yield "constant-of-two", model([node("Constant", [], ["c"], value_float=1.0, value_int=2), relu()]), 1, ["the/node", "value_float", "value_int"]
    yield "constant-of-none", model([node("Constant", [], ["c"]), node("Add", ["x", "c"], ["y"], "sum")]), 1, ["the/node"]
    branch = helper.make_graph([relu("x", "b", "in/branch")], "b", [], [port("b", 1, 4)])
    truth = helper.make_tensor("t", TensorProto.BOOL, [], [True])
    yield "if-without-else", model([node("If", ["t"], ["y"], then_branch=branch)], constants=[truth]), 1, ["the/node", "else_branch"]
    yield "if-without-then", model([node("If", ["t"], ["y"], else_branch=branch)], constants=[truth]), 1, ["the/node", "then_branch"]
    inside = helper.make_graph([twice(node("Softmax", ["x"], ["b"], "in/branch", axis=1), axis=0)], "b", [], [port("b", 1, 4)])
    yield "branch-lies", model([node("If", ["t"], ["y"], then_branch=branch, else_branch=inside)], constants=[truth]), 1, ["in/branch", "'axis'"]
    for kind, since in (("Concat", 11), ("Softmax", 11), ("Flatten", 11), ("Split", 11)):
        ends = ["y"] if kind != "Split" else ["y", "z"]
        made = [node(kind, ["x", "x"] if kind == "Concat" else ["x"], ends, axis=-1)]
        # onnxruntime runs the others.
        yield (f"negative-axis-{kind}", model(made, outputs=[helper.make_empty_tensor_value_info("y")], opsets=(("", 10),)),
               1 if kind == "Flatten" else 0, ["the/node", "negative"])
        yield f"negative-axis-{kind}-later", model(made, outputs=[helper.make_empty_tensor_value_info("y")], opsets=(("", since),)), 0, []
    for kind, given in (("ReduceMean", dict(axes=[-1])), ("Unsqueeze", dict(axes=[-1])), ("Squeeze", dict(axes=[-2])), ("ArgMax", dict(axis=-1)),
                        ("Slice", dict(starts=[0], ends=[1], axes=[-1]))):
        opset = 9
        yield f"negative-axis-{kind}", model([node(kind, ["x"], ["y"], **given)], outputs=[helper.make_empty_tensor_value_info("y")],
                                             opsets=(("", opset),)), 0, ["the/node", "negative", "warning"]
    for perm in ([-1, 0], [0, 2], [0, 0], [0], [2**62, 0]):
        yield f"perm-{perm}", model([node("Transpose", ["x"], ["y"], perm=perm)], outputs=[helper.make_empty_tensor_value_info("y")]), 1, ["the/node"]
    for axis in (2, -3, 2**62, -2**63):
        yield f"axis-{axis}", model([node("Softmax", ["x"], ["y"], axis=axis)]), 1, ["the/node", "axis"]
    # Types are refused, as onnxruntime does, and shapes are warned of: it runs such models.
    chain = [relu("x", "a", "first"), relu("a", "y", "second")]
    yield "declared-type-inside", model(chain, info=[port("a", 1, 4, element=I)]), 1, ["first", "'a'", "INT64", "f32"]
    yield "declared-type-of-output", model(chain, outputs=[port("y", 1, 4, element=I)]), 1, ["'y'", "INT64"]
    yield "declared-shape-inside", model(chain, info=[port("a", 1, 5)]), 0, ["warning", "first", "'a'"]
    yield "declared-rank-inside", model(chain, info=[port("a", 1, 4, 1)]), 0, ["warning", "first", "'a'"]
    yield "declared-shape-of-output", model(chain, outputs=[port("y", 1, 5)]), 0, ["warning", "'y'"]
    yield "newer-opset", model([relu()], opsets=(("", 999),)), 3, ["999", "--assume-opset"]
    body = helper.make_function("d", "Twice", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 999)])
    call = node("Twice", ["x"], ["y"], domain="d")
    yield "newer-opset-of-function", model([call], opsets=(("", 17), ("d", 1)), functions=[body]), 3, ["999", "Twice"]
    fine = helper.make_function("d", "Twice", ["a"], ["b"], [helper.make_node("Relu", ["a"], ["b"])], [helper.make_opsetid("", 17)])
    yield "function-twice", model([call], opsets=(("", 17), ("d", 1)), functions=[fine, fine]), 1, ["Twice", "twice"]


def bombs():
    """Small files that come to much."""
    def chain(name, depth, width, start=()):
        """Functions of which each calls the next so many times."""
        made = []
        for level in range(depth):
            kind = f"F{level + 1}" if level + 1 < depth else "Relu"
            domain = "d" if level + 1 < depth else ""
            names = ["a"] + [f"v{i}" for i in range(width - 1)] + ["b"]
            nodes = [helper.make_node(kind, [names[i]], [names[i + 1]], domain=domain) for i in range(width)]
            made.append(helper.make_function("d", f"F{level}", ["a"], ["b"], nodes, [helper.make_opsetid("", 17), helper.make_opsetid("d", 1)]))
        return model([node("F0", ["x"], ["y"], domain="d")], opsets=(("", 17), ("d", 1)), functions=made)
    yield "functions-of-functions", chain("wide", 30, 10), 1, ["2000000 nodes"]
    yield "functions-of-64-bits", chain("wider", 90, 2), 1, ["2000000 nodes"]
    yield "functions-too-deep", chain("deep", 150, 1), 1, ["nested", "100"]
    yield "functions-deep", chain("less", 90, 1), 0, []
    loop = helper.make_function("d", "A", ["a"], ["b"], [helper.make_node("B", ["a"], ["b"], domain="d")], [helper.make_opsetid("d", 1)])
    back = helper.make_function("d", "B", ["a"], ["b"], [helper.make_node("A", ["a"], ["b"], domain="d")], [helper.make_opsetid("d", 1)])
    yield "functions-in-a-circle", model([node("A", ["x"], ["y"], domain="d")], opsets=(("", 17), ("d", 1)), functions=[loop, back]), 1, ["calls itself"]
    # Attributes that are graphs, handed from function to function and written out twice by each.
    truth = helper.make_tensor("t", TensorProto.BOOL, [], [True])
    made = []
    for level in range(40):
        two = []
        for i in range(2):
            one = helper.make_node("If", ["c"], [f"v{i}"])
            for branch in ("then_branch", "else_branch"):
                ref = onnx.AttributeProto(name=branch, type=onnx.AttributeProto.GRAPH, ref_attr_name="g")
                one.attribute.append(ref)
            two.append(one)
        two.append(helper.make_node("Add", ["v0", "v1"], ["b"]))
        f = helper.make_function("d", f"G{level}", ["c"], ["b"], two, [helper.make_opsetid("", 17), helper.make_opsetid("d", 1)], attributes=["g"])
        made.append(f)
    inner = helper.make_graph([relu("x", "r", "leaf")], "leaf", [], [port("r", 1, 4)])
    for level in reversed(range(20)):
        inner = helper.make_graph([node(f"G{level}", ["t"], ["r"], f"call{level}", domain="d", g=inner)], "level", [], [port("r", 1, 4)])
    top = node("If", ["t"], ["y"], then_branch=inner, else_branch=inner)
    yield "graphs-handed-on", model([top], constants=[truth], opsets=(("", 17), ("d", 1)), functions=made), (0, 1, 3), []
    conv = node("Conv", ["x", "w"], ["y"], pads=[2**24 - 1] * 4, strides=[2**23] * 2)
    for channels in (1, 8192):
        yield f"huge-window-{channels}", model([conv], [port("x", 1, channels, 1, 1)], [helper.make_empty_tensor_value_info("y")],
                                              [helper.make_tensor("w", F, [2, channels, 1, 1], b"\0" * 8 * channels, raw=True)]), 0, []
    wide = [node("Conv", ["x", "w"], ["a"], "wide", pads=[0, 2**22, 0, 2**22], strides=[1, 2**22]),
            node("Conv", ["x", "w"], ["b"], "high", pads=[2**22, 0, 2**22, 0], strides=[2**22, 1])]
    yield "halos-across", model(wide, [port("x", 1, 2, 4, 4)], [helper.make_empty_tensor_value_info(n) for n in "ab"],
                               [helper.make_tensor("w", F, [2, 2, 1, 1], [1.0] * 4)]), 0, []
    many = [node("Expand", ["x", "s"], [f"e{i}"], f"e{i}") for i in range(300)]
    size = helper.make_tensor("s", I, [3], [2**20, 2**20, 4])
    yield "many-huge", model([*many, node("Sum", [f"e{i}" for i in range(300)], ["y"])], outputs=[helper.make_empty_tensor_value_info("y")],
                            constants=[size]), None, []


# What a terminal obeys, what forges a line, what turns the text, what nobody sees, and what is only long.
EVIL = {"escape": "\x1b[31mred\x1b]0;title\x07", "nul": "a\0b", "return": "good\rbad", "line": "a\nerror: forged", "c1": "\x9b31m\x85",
        "bidi": "\u202egnp.exe\u2066", "unseen": "\u200b\ufeff\U000e0041\u00ad\u061c\u180e\u3164\U0001d173", "long": "n" * 200_000, "lines": "a\n" * 5000, "quote": "'\"\\`$(x)"}


def named(text, place):
    """A model with a name in some place."""
    n = lambda where, usual: text if place == where else usual
    x, a, y = n("input", "x"), n("inner", "a"), n("output", "y")
    first = helper.make_node(n("operator", "Add"), [x, n("initialiser", "w")], [a], name=n("node", "first"), domain=n("domain", ""))
    second = helper.make_node("Softmax", [a], [y], name="second", axis=1)
    if place == "attribute":
        second.attribute.append(helper.make_attribute(text, 1))
    if place == "missing":
        second.input[0] = text
    if place == "word":
        second = helper.make_node("Pad", [a], [y], name="second", mode=text, pads=[0, 0, 0, 0])
    dims = [text if place == "dimension" else 1, 4]
    made = model([first, second], [helper.make_tensor_value_info(x, F, dims)], [helper.make_tensor_value_info(y, F, [1, 5] if place == "output" else None)],
                 [weight(n("initialiser", "w"), 1.0)], opsets=(("", 9 if place == "word" else 17), ("a.b", 1)))
    if place == "domain":
        made.opset_import[1].domain = text
    made.graph.name = n("graph", "g")
    made.producer_name = n("producer", "p")
    if place == "location":
        t = made.graph.initializer[0]
        t.ClearField("float_data")
        t.data_location = TensorProto.EXTERNAL
        t.external_data.add(key="location", value=text)
    return made


PLACES = ("input", "inner", "output", "node", "operator", "domain", "initialiser", "attribute", "missing", "word", "dimension", "graph",
          "producer", "location")


def names():
    """Name and bytes of models with names that lie."""
    for place in PLACES:
        for kind, text in EVIL.items():
            yield f"{kind}-as-{place}", named(text, place).SerializeToString()
        mark = "QQQQQQ"
        yield f"bytes-as-{place}", named(mark, place).SerializeToString().replace(mark.encode(), b"\xff\xfe\xc3\x28\x80\x1b")
