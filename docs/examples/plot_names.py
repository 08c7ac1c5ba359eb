"""
Names by language
=================

One network learns to write surnames in 18 languages; the language is its condition. This is a
one-to-many network: a label in, a sequence out.
"""

# %%
# Learning
# --------
#
# :class:`~sklstm.LSTMGenerator` reads the language with every letter. A tenth of the names is held
# out.

from sklearn.model_selection import train_test_split

from sklstm import LSTMGenerator
from sklstm.datasets import load_names

names = load_names()
languages = [names.target_names[code] for code in names.target]
X, X_test, y, y_test = train_test_split(
    names.data, languages, test_size=0.1, stratify=languages, random_state=0
)
generator = LSTMGenerator(
    hidden_size=128, dropout=0.2, lr=0.005, schedule="one_cycle", max_epochs=6, random_state=0
)
generator.fit(X, y)
print(f"perplexity of held-out names, per letter: {generator.perplexity(X_test, y_test):.1f}")

# %%
# Sampling
# --------
#
# Names from the training data come first; most are made up.

known = set(X)
for language in ("Arabic", "Greek", "Irish", "Italian", "Japanese", "Russian"):
    generated = generator.sample(8, condition=language, temperature=0.8, random_state=0)
    generated.sort(key=lambda name: name not in known)
    print(f"{language:10}", *generated)

# %%
# Names with a given beginning:

for language in ("German", "Italian", "Polish"):
    print(f"{language:10}", *generator.sample(5, prefix="Sch", condition=language, random_state=1))

# %%
# Do others recognise the languages?
# ----------------------------------
#
# A linear model, trained on n-grams of up to three letters of the real names, classifies the
# held-out names, and as many generated names of the same languages.

from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

judge = make_pipeline(
    CountVectorizer(analyzer="char_wb", ngram_range=(1, 3), min_df=2),
    LogisticRegression(C=0.3, max_iter=300),
).fit(X, y)
generated = generator.sample(len(y_test), condition=y_test, random_state=0)
print(f"real names recognised:      {judge.score(X_test, y_test):.1%}")
print(f"generated names recognised: {judge.score(generated, y_test):.1%}")

# %%
# The generator as a classifier
# -----------------------------
#
# By Bayes' rule, :math:`P(u \mid x) \propto P(x \mid u) P(u)`, so the generator can classify names
# as well: the most probable language is the prediction.

import numpy as np

likelihoods = np.column_stack(
    [generator.score_samples(X_test, [label] * len(X_test)) for label in generator.conditions_]
)
frequencies = np.log([y.count(label) / len(y) for label in generator.conditions_])
predicted = generator.conditions_[(likelihoods + frequencies).argmax(axis=1)]
print(f"names recognised by the generator: {np.mean(predicted == y_test):.1%}")

# %%
# Similar languages
# -----------------
#
# Names of each language, scored as names of another: the darker, the more bits per letter.
# Languages whose rows and columns look alike have similar names.

import matplotlib.pyplot as plt

bits = -likelihoods / np.log(2) / np.array([len(name) + 1 for name in X_test])[:, None]
mean_bits = np.array(
    [bits[np.array(y_test) == label].mean(axis=0) for label in generator.conditions_]
)
extra = mean_bits - mean_bits.diagonal()[:, None]

fig, ax = plt.subplots(figsize=(7.5, 6.5), layout="constrained")
image = ax.imshow(extra, cmap="Blues", vmin=0)
ticks = range(len(extra))
ax.set_xticks(ticks, generator.conditions_, rotation=90)
ax.set_yticks(ticks, generator.conditions_)
ax.set(xlabel="read as", ylabel="names", title="Bits per letter above those in its own language")
fig.colorbar(image)
plt.show()
