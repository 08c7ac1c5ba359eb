"""
Reviews in a table
==================

From a table of texts to a classifier, its errors, and the words that caused them. The texts are
short reviews of restaurants; the table may as well be read from your own file.
"""

# %%
# A table
# -------
#
# Texts and labels are columns of a pandas frame. One row in four is held out.

import pandas as pd
from sklearn.model_selection import train_test_split

from sklstm.datasets import load_sentences

reviews = load_sentences(source="yelp")
sentiment = [reviews.target_names[code] for code in reviews.target]
frame = pd.DataFrame({"review": reviews.data, "sentiment": sentiment})
train, test = train_test_split(frame, test_size=0.25, stratify=frame["sentiment"], random_state=0)
train.head()

# %%
# Training
# --------
#
# The ready pipeline takes the columns as they are. ``effort="fast"`` trains one network, beside a
# linear model of n-grams.

from sklstm import text_classifier

model = text_classifier(effort="fast", hidden_size=16, random_state=0)
model.fit(train["review"], train["sentiment"])

# %%
# Confusion matrix
# ----------------
#
# It is a scikit-learn classifier, so scikit-learn's scores and displays are for it, too.

import matplotlib.pyplot as plt
from sklearn.metrics import ConfusionMatrixDisplay

print(f"accuracy on held-out reviews: {model.score(test['review'], test['sentiment']):.3f}")
display = ConfusionMatrixDisplay.from_estimator(
    model, test["review"], test["sentiment"], cmap="Blues", colorbar=False
)
display.ax_.set_title("Held-out reviews: true and predicted sentiment")
plt.show()

# %%
# The worst errors
# ----------------
#
# The held-out reviews whose labels the model finds least likely: errors of the model, or of those
# who labelled them.

from sklstm.inspection import top_losses

worst = top_losses(model, test["review"], test["sentiment"], n=6)
errors = test.iloc[worst.indices].assign(predicted=worst.predictions, loss=worst.losses.round(1))
errors.head(6)

# %%
# Explaining predictions
# ----------------------
#
# What each word adds to the logit of ``positive``, in the first of them:

from sklstm.inspection import TokenContributionsDisplay, token_contributions

contributions = token_contributions(model, errors["review"].tolist(), target="positive")
TokenContributionsDisplay(contributions).plot()
plt.show()

# %%
# All six in colour: blue is for a positive review, orange against.

TokenContributionsDisplay(contributions)

# %%
# A contribution describes the model and not the language: if a word counts for the wrong side here,
# more texts with it are what helps. :doc:`/user_guide/inspection` has more to look at.
