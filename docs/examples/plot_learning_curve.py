"""
Learning curves
===============

A recurrent network goes on memorising its training texts long after it has learned what generalises
to others. The curves of both losses show where that begins.
"""

# %%
# Data
# ----
#
# Sentences from reviews, one in four held out. A pipeline turns a sentence into token ids; its
# vocabulary is that of the training part only.

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, TokenIndexer, Tokenizer
from sklstm.datasets import load_sentences

texts, labels = load_sentences(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    texts, labels, test_size=0.25, stratify=labels, random_state=0
)
indexer = make_pipeline(Tokenizer(), TokenIndexer(min_count=2)).fit(X_train)

# %%
# Training
# --------
#
# ``X_val`` is evaluated after every epoch, and never trained on.

classifier = LSTMClassifier(
    embedding_dim=50,
    hidden_size=32,
    bidirectional=True,
    pooling="max",
    embedding_dropout=0.3,
    lr=0.002,
    max_epochs=15,
    random_state=0,
)
classifier.fit(indexer.transform(X_train), y_train, X_val=indexer.transform(X_test), y_val=y_test)
classifier.summary()

# %%
# Curves
# ------
#
# ``history_`` holds one dictionary for each epoch. The display draws its losses and scores.

import matplotlib.pyplot as plt

from sklstm.inspection import TrainingCurveDisplay

display = TrainingCurveDisplay.from_estimator(classifier)
display.figure_.suptitle("Losses and accuracy by epoch")
plt.show()

# %%
# The loss on held-out sentences is lowest at the star; from there on, the network only
# becomes more certain, not better. ``early_stopping=True`` stops soon after this point, and
# restores the weights of the best epoch.
