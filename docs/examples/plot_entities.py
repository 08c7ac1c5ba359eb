"""
Names in Wikipedia
==================

A tagger learns from articles in which persons, places, organisations and other names are marked.
Which names does it find in articles that it has never seen, and what happens to the others?
"""

# %%
# Data
# ----
#
# One article in four is held out. Names recur within an article, so articles are not split; the
# fold also gets its share of every entity type.

from sklstm.datasets import load_wikigold
from sklstm.model_selection import DocumentKFold

wikigold = load_wikigold()
folds = DocumentKFold(n_splits=4)
train, test = next(folds.split(wikigold.data, wikigold.target, groups=wikigold.documents))
X_train, y_train = [wikigold.data[i] for i in train], [wikigold.target[i] for i in train]
X_test, y_test = [wikigold.data[i] for i in test], [wikigold.target[i] for i in test]
print(list(zip(X_train[0], y_train[0], strict=True))[:6])

# %%
# Training
# --------
#
# There are no pretrained word vectors: an unseen word is judged by its characters, its casing and
# its neighbours.

from sklstm import LSTMTagger

tagger = LSTMTagger(random_state=0)
tagger.fit(X_train, y_train)
tagger.summary()

# %%
# Scores
# ------
#
# A name counts as found if its type, start and end are right.

from sklstm.metrics import bootstrap_interval, entity_report, partial_match_counts

y_pred = tagger.predict(X_test)
print(entity_report(y_test, y_pred))

# %%
# On the left is F1 again, with its bootstrap interval: the uncertainty due to the choice of test
# sentences. On the right is what became of the true names: few are missed altogether. Its letters
# show that something is a name, but what it names, and where it ends, is harder to tell.

import matplotlib.pyplot as plt
import numpy as np

f1 = bootstrap_interval(y_test, y_pred, average=None, random_state=0)
counts = partial_match_counts(y_test, y_pred)
fates = {
    "exact": "found",
    "wrong_type": "wrong type",
    "overlap": "overlapped",
    "missed": "missed",
}
shades = plt.colormaps["viridis"](np.linspace(0.15, 0.95, len(fates)))

fig, (scores, names) = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True, layout="constrained")
around = [f1.score - f1.low, f1.high - f1.score]
scores.errorbar(f1.score, counts.types, xerr=around, fmt="o")
scores.set(xlabel="F1, with 95 % intervals", xlim=(0, 1))
scores.grid(alpha=0.3)
total = sum(counts[fate] for fate in fates)
left = np.zeros(len(total))
for (fate, label), shade in zip(fates.items(), shades, strict=True):
    share = counts[fate] / total
    names.barh(counts.types, share, 0.6, left, color=shade, label=label)
    left += share
names.set(xlabel="share of the true names", xlim=(0, 1))
fig.suptitle("F1 by type, and what became of the true names")
names.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False)
plt.show()

# %%
# Confidence
# ----------
#
# Of the names with a confidence of 0.8, are eight in ten correct? Half of the held-out articles fit
# the temperature of the probabilities; the others show what it changes.

from itertools import compress

from sklstm.inspection import ConfidenceDisplay

half = wikigold.documents[test] % 2 == 0
X_half, y_half = list(compress(X_test, half)), list(compress(y_test, half))
X_rest, y_rest = list(compress(X_test, ~half)), list(compress(y_test, ~half))
display = ConfidenceDisplay.from_estimator(tagger, X_rest, y_rest, name="as trained")
tagger.calibrate(X_half, y_half)
ConfidenceDisplay.from_estimator(tagger, X_rest, y_rest, name="calibrated", ax=display.ax_)
display.ax_.set_title("Correct names by confidence")
plt.show()

# %%
# In colour
# ---------
#
# A held-out article, as annotated by hand ...

from itertools import chain

from sklstm import Entity, TaggedText
from sklstm.tags import tags_to_spans


def draw(sentences, tags):
    tokens, tags = list(chain(*sentences)), list(chain(*tags))
    spans = tags_to_spans(tags, "IOB1")
    names = (" ".join(tokens[span.start : span.end]) for span in spans)
    return TaggedText(tokens, map(Entity, *zip(*spans, strict=True), names))


article = wikigold.documents[test] == 11
draw(compress(X_test, article), compress(y_test, article))

# %%
# ... and as tagged:

draw(compress(X_test, article), compress(y_pred, article))

# %%
# For your own text, the tokenizer keeps the position of each token. Entities then have positions
# too, and the original text is shown. Hovering over an entity shows its confidence.

from sklstm import Tokenizer

text = "Marie Curie was born in Warsaw and taught at the University of Paris."
tokenizer = Tokenizer(lowercase=False, punctuation=True, char_spans=True)
[entities] = tagger.predict_entities(tokenizer.transform([text]))
TaggedText(text, entities)
