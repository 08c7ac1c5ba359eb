"""Why a text gets its label: the contributions of its tokens."""

import numpy as np

from sklstm import LSTMClassifier
from sklstm.cli._models import find_label, load_of
from sklstm.cli._prediction import predict_texts
from sklstm.inspection import token_contributions


def explain_texts(path, texts, label):
    """Return for each text its prediction, and what each token contributes to a logit."""
    model, classifier = load_of(LSTMClassifier, path, "explain")
    target = None if label is None else find_label(label, classifier.classes_)
    result = token_contributions(model, texts, target=target)
    predictions = predict_texts(model, classifier, texts)
    return [
        {
            "text": text,
            **predicted,
            "explained": name,
            "output": round(float(output), 4),
            "baseline": round(float(baseline), 4),
            "tokens": tokens,
            "contributions": np.round(contributions, 4).tolist(),
        }
        for text, predicted, name, output, baseline, tokens, contributions in zip(
            texts,
            predictions,
            result.output_names,
            result.outputs,
            result.baseline_outputs,
            result.tokens,
            result.contributions,
            strict=True,
        )
    ]


def draw(explained, n_tokens):
    """Return the lines for people: the `n_tokens` that matter most, in their order."""
    values = np.array(explained["contributions"])
    shown = sorted(np.argsort(-abs(values), kind="stable")[:n_tokens].tolist())
    largest = max(abs(values).max(), 1e-9)
    lines = [
        f"{explained['text']}",
        f"  {explained['prediction']} ({explained.get('confidence', 0):.2f});"
        f" {explained['explained']} = {explained['output']:.2f},"
        f" of which {explained['baseline']:.2f} without any token",
    ]
    for place in shown:
        bar = "█" * round(10 * abs(values[place]) / largest)
        lines.append(f"  {values[place]:+7.2f}  {explained['tokens'][place]:<20} {bar}".rstrip())
    return "\n".join(lines)
