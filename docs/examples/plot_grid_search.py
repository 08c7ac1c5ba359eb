"""
A grid search
=============

Which learning rate, and which pooling? scikit-learn's grid search tries all pairs on folds of the
training texts. Two things make it quick: one small network for each candidate, and word vectors
that are trained once for each fold.
"""

# %%
# The search
# ----------
#
# Parameters have the name of their step in front, and ``memory`` keeps what the steps before the
# network have learned from a fold. Here the sentences are few and the networks tiny, so that this
# page takes seconds. The progress bar needs scikit-learn 1.9; without it a search is silent.

from tempfile import TemporaryDirectory

from sklearn.callback import ProgressBar
from sklearn.model_selection import GridSearchCV, train_test_split

from sklstm import text_classifier
from sklstm.datasets import load_sentences

texts, labels = load_sentences(source="amazon", return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    texts, labels, test_size=0.25, stratify=labels, random_state=0
)
pipe = text_classifier(effort="fast", wide=False, hidden_size=8, max_epochs=5, random_state=0)
print(list(pipe.named_steps))

cache = TemporaryDirectory()
grid = {
    "lstmclassifier__lr": [0.01, 0.03, 0.1, 0.3],
    "lstmclassifier__pooling": ["last", "max"],
}
search = GridSearchCV(pipe.set_params(memory=cache.name), grid, cv=2)
search.set_callbacks(ProgressBar(max_propagation_depth=0)).fit(X_train, y_train)
cache.cleanup()

# %%
# The results
# -----------
#
# ``cv_results_`` makes a frame with a row for each candidate.

import pandas as pd

results = pd.DataFrame(search.cv_results_)
results.columns = results.columns.str.replace("param_lstmclassifier__", "")
best_first = results.sort_values("rank_test_score")
best_first[["pooling", "lr", "mean_test_score", "std_test_score"]].round(3)

# %%
# The learning rate decides. In five epochs a small one learns too little, and a large one goes
# astray. The bars are the standard deviation over the folds: if two candidates differ by less, as
# the poolings do here, either will do.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
for (pooling, rows), marker in zip(results.groupby("pooling"), "os", strict=True):
    rates = rows["lr"].astype(float)
    ax.errorbar(
        rates,
        rows["mean_test_score"],
        rows["std_test_score"],
        marker=marker,
        capsize=3,
        label=pooling,
    )
ax.set(
    title="Accuracy by learning rate and pooling",
    xlabel="lr",
    ylabel="accuracy on held-out folds",
    xscale="log",
)
ax.grid(alpha=0.3)
ax.legend(title="pooling")
plt.show()

# %%
# The best model
# --------------
#
# It was fitted to all training texts. The score of the search is that of the best of eight, so it
# is optimistic; texts that the search has not seen tell the truth.

print(search.best_params_)
print(f"in the search: {search.best_score_:.3f}")
print(f"on new texts:  {search.score(X_test, y_test):.3f}")

# %%
# More networks, and the linear model of n-grams beside them, are worth their time once, for the
# parameters that were found. :doc:`/user_guide/choosing_parameters` says what else to search, and
# :doc:`/user_guide/scaling` how to use many cores or machines.
