"""Size, accuracy and speed of a text classifier as an ONNX file, in float32 and in 8 bits.

UCI's sentences, all defaults of ``text_classifier``, with its linear model of n-grams (`wide`),
which an ONNX file leaves out, and fitted without it. Accuracy is the mean over draws of the test
part. Times are of the processor, from texts to labels, on one thread, and medians of rounds in
which all models take turns: of one text at a time, and of all in batches of texts of similar
length. Run ``OMP_NUM_THREADS=1 python benchmarks/onnx_export.py``.
"""

import argparse
import json
import pickle
import re
from os import environ
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time

import numpy as np
import onnxruntime
from _report import write_results

from sklstm import export_onnx, text_classifier
from sklstm.datasets import load_sentences

N_TEST = 750
N_SINGLE = 50  # texts that are predicted one at a time
BATCH = 32


class Program:
    """What a program without torch does: see the user guide."""

    def __init__(self, path):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(environ.get("OMP_NUM_THREADS", 0))
        self.session = onnxruntime.InferenceSession(path, options)
        properties = self.session.get_modelmeta().custom_metadata_map
        self.about = json.loads(properties["sklstm"])
        self.find_tokens = re.compile(self.about["tokenizer"]["pattern"]).findall

    def predict(self, texts):
        """Predict the labels of texts."""
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        labels = np.empty(len(texts), object)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            labels[rows] = self._predict_batch([texts[row] for row in rows])
        return labels

    def _predict_batch(self, texts):
        vocabulary = self.about["vocabulary"]
        codes = [[vocabulary.get(t.lower(), 1) for t in self.find_tokens(text)] for text in texts]
        steps = np.zeros((len(codes), max(1, *map(len, codes))), np.int64)
        for step, row in zip(steps, codes, strict=True):
            step[: len(row)] = row
        [probabilities] = self.session.run(["probabilities"], {"steps": steps})
        return np.array(self.about["labels"])[probabilities.argmax(axis=1)]


def predict_by_networks(pipe, texts):
    """Predict with the mean of the networks, without the linear model beside them."""
    X = pipe[:-1].transform(texts)
    classifier = pipe[-1]
    outputs = np.mean([one.decision_function(X) for one in classifier.members_], axis=0)
    return classifier.classes_[(outputs > 0).astype(int)]


def median_of_cpu(functions, rounds):
    """Return the median of each function's seconds of the processor, on however busy a machine."""
    seconds = [[] for _ in functions]
    for _ in range(rounds + 1):
        for function, found in zip(functions, seconds, strict=True):
            start = process_time()
            function()
            found.append(process_time() - start)
    return [median(found[1:]) for found in seconds]


def fit_and_export(X, y, wide, draw, folder):
    """Return ways to predict, by name, and the size of each in megabytes."""
    pipe = text_classifier(wide=wide, random_state=draw).fit(X, y)
    name = f"wide={wide}"
    ways = {f"{name}, sklstm": pipe.predict}
    sizes = {f"{name}, sklstm": len(pickle.dumps(pipe)) / 1e6}
    if wide:
        ways[f"{name}, its networks alone"] = lambda texts: predict_by_networks(pipe, texts)
        sizes[f"{name}, its networks alone"] = float("nan")
    for kind, quantize in (("float32", False), ("int8", True)):
        path = Path(folder) / f"{draw}-{wide}-{kind}.onnx"
        export_onnx(pipe, path, quantize=quantize, network_only=wide)
        ways[f"{name}, ONNX {kind}"] = Program(path).predict
        sizes[f"{name}, ONNX {kind}"] = path.stat().st_size / 1e6
    return ways, sizes


def main():
    """Fit, export, predict, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    texts, labels = load_sentences(return_X_y=True)
    labels, accuracies = np.asarray(labels), {}
    with TemporaryDirectory() as folder:
        for draw in range(arguments.draws):
            order = np.random.RandomState(1000 + draw).permutation(len(texts))
            test, train = order[:N_TEST], order[N_TEST:]
            X, X_test = ([texts[i] for i in rows] for rows in (train, test))
            ways, sizes = {}, {}
            for wide in (True, False):
                found = fit_and_export(X, labels[train], wide, draw, folder)
                ways, sizes = ways | found[0], sizes | found[1]
            for name, predict in ways.items():
                accuracy = 100 * np.mean(predict(X_test) == labels[test])
                accuracies.setdefault(name, []).append(accuracy)
                print(draw, name, f"{accuracy:.1f}", flush=True)

        def one_by_one(predict):
            return lambda: [predict([text]) for text in X_test[:N_SINGLE]]

        def together(predict):
            return lambda: predict(X_test)

        single = median_of_cpu([one_by_one(way) for way in ways.values()], arguments.rounds)
        batch = median_of_cpu([together(way) for way in ways.values()], arguments.rounds)
    rows = [
        {
            "model": name,
            "size (MB)": round(sizes[name], 2),
            "accuracy (%)": float(np.mean(accuracies[name])),
            "ms a text, alone": 1000 * alone / N_SINGLE,
            "ms a text, in batches": 1000 * all_at_once / N_TEST,
        }
        for name, alone, all_at_once in zip(ways, single, batch, strict=True)
    ]
    write_results("onnx_export", rows)


if __name__ == "__main__":
    main()
