# SPDX-License-Identifier: Apache-2.0
"""Rows of the labelled data sets that calibrate a model, that choices are made on, and that are only reported.

Images: rows of even index of the training rows calibrate, rows of odd index decide, the test rows are reported. Keyword samples and
machine recordings have no training rows: there rows 0 to 99, and normal recordings of even index, calibrate, and the rest is reported.
"""
import json

import numpy as np
import onnx

CALIBRATION_ROWS = 512
CHOICE_ROWS = 2000
WINDOW = 5


def prepare(x, pre, data):
    """A row of a data set as the model's input, as the models' own accuracy.py makes it."""
    if x.ndim == 2:
        x = x[:, :, None]
    x = x.astype(np.float32)
    if pre["kind"] == "image":
        x = (x / np.float32(pre["div"]) - np.float32(pre["mean"])) / np.float32(pre["std"])
    elif pre["kind"] == "affine":
        x = (x - np.float32(data["zero_point"])) * np.float32(data["scale"])
    return np.ascontiguousarray(x.transpose(2, 0, 1), dtype=np.float32)


def windows(recording):
    """The samples of a recording: `WINDOW` consecutive rows each."""
    x = recording.astype(np.float32)
    return np.stack([x[i:i + WINDOW].reshape(-1) for i in range(len(x) - WINDOW + 1)])


def auc(score, label):
    """Area under the ROC curve, ties counted half."""
    _, place, count = np.unique(np.asarray(score, np.float64), return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2.0)[place]
    ones = int((label == 1).sum())
    return float((rank[label == 1].sum() - ones * (ones + 1) / 2.0) / ((len(label) - ones) * ones))


class Split:
    """Files of samples for a model of the manifest; `choice` is None where there are no such rows.

    With `holds_back` there always are: models without training rows calibrate with half of what calibrates them else, and the other half
    is held back; of machine recordings that half has no anomalies, and there is nothing but the outputs to measure.
    """

    def __init__(self, entry, models, work, calibration_rows=CALIBRATION_ROWS, holds_back=False):
        self.name = entry["file"].removesuffix(".onnx")
        self.model = models / entry["file"]
        self.is_auc = entry["metric"] == "auc"
        folder = work / "splits"
        folder.mkdir(parents=True, exist_ok=True)
        paths = [folder / f"{self.name}-{part}.npz" for part in ("calibration", "choice", "test")]
        self.calibration, self.choice, self.test = paths
        data = np.load(models / entry["data"])
        if self.is_auc:
            self._recordings(data, calibration_rows, holds_back)
        elif "x_train" in data:
            train, labels = data["x_train"], data["y_train"]
            even = np.arange(0, len(train), 2)
            odd = np.arange(1, len(train), 2)
            self._rows(self.calibration, entry, data, train, labels, spread(even, calibration_rows))
            self._rows(self.choice, entry, data, train, labels, spread(odd, CHOICE_ROWS))
            self._rows(self.test, entry, data, data["x_test"], data["y_test"], np.arange(len(data["x_test"])))
        else:
            x, y = data[entry["x"]], data[entry["y"]]
            first = np.arange(min(100, calibration_rows))
            self._rows(self.calibration, entry, data, x, y, first[::2] if holds_back else first)
            self._rows(self.test, entry, data, x, y, np.arange(100, len(x)))
            if holds_back:
                self._rows(self.choice, entry, data, x, y, first[1::2])
            else:
                self.choice = None

    def _rows(self, path, entry, data, x, y, rows):
        np.savez(path, x=np.stack([prepare(x[i], entry["pre"], data) for i in rows]), y=y[rows].astype(np.int64))
        describe(path, {"inputs": [{"array": "x"}], "labels": "y", "metric": "top1"})

    def _recordings(self, data, count, holds_back):
        x, y = data["x"], data["y"]
        calibrating = [i for i in range(0, len(x), 2) if y[i] == 0]
        rest = [i for i in range(len(x)) if i not in set(calibrating)]
        parts = {self.calibration: calibrating[::2], self.choice: calibrating[1::2]} if holds_back else {self.calibration: calibrating}
        for path, recordings in parts.items():
            every = np.concatenate([windows(x[i]) for i in recordings])
            np.savez(path, x=every[spread(np.arange(len(every)), count)])
            describe(path, {"inputs": [{"array": "x"}], "metric": "none"})
        np.savez(self.test, x=x[rest], y=y[rest].astype(np.int64))
        describe(self.test, {"inputs": [{"array": "x", "window": WINDOW}], "labels": "y", "metric": "reconstruction-auc"})
        if not holds_back:
            self.choice = None

    def score(self, session, path):
        """What onnxruntime reaches on a file of samples: correct answers and samples, or AUC x 100 and recordings."""
        data = np.load(path)
        if not self.is_auc:
            found = self.answers(session, path)
            return int((found == data["y"]).sum()), len(found)
        name = session.get_inputs()[0].name
        scores = []
        for recording in data["x"]:
            samples = windows(recording)
            scores.append(np.mean([np.mean((session.run(None, {name: v[None]})[0] - v) ** 2) for v in samples]))
        return 100 * auc(scores, data["y"]), len(scores)

    def answers(self, session, path):
        """The class that onnxruntime answers for each sample of a file."""
        name = session.get_inputs()[0].name
        return np.array([session.run(None, {name: v[None]})[0].reshape(-1).argmax() for v in np.load(path)["x"]])


def logits(model):
    """The tensor that a closing softmax reads; None if the model has none."""
    graph = onnx.load(model, load_external_data=False).graph
    made = {name: node for node in graph.node for name in node.output}
    node = made.get(graph.output[0].name)
    while node is not None and node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        node = made.get(node.input[0])
    return node.input[0] if node is not None and node.op_type == "Softmax" else None


def spread(rows, count):
    """`count` of the rows, evenly spread."""
    if len(rows) <= count:
        return rows
    return rows[np.arange(count) * len(rows) // count]


def describe(path, description):
    path.with_suffix(".json").write_text(json.dumps(description))
