"""
Dates in many spellings
=======================

The seventh of March 2021 has many spellings, in English and in French. A network reads them letter
by letter and writes ``2021-03-07``. How does it know where the month is?
"""

# %%
# Data
# ----
#
# Days between 1900 and 2099, each written in one of ten ways.

import calendar
from datetime import date

import numpy as np

ENGLISH = (calendar.day_name, calendar.month_name[1:])
FRENCH = (
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    [
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ],
)
SPELLINGS = [
    (ENGLISH, "{day} {month} {year}"),
    (ENGLISH, "{month} {day}, {year}"),
    (ENGLISH, "{weekday}, {day} {month} {year}"),
    (ENGLISH, "{weekday}, {month} {day}, {year}"),
    (ENGLISH, "{day:02}-{month:.3}-{year}"),
    (ENGLISH, "in {year}, on {month} {day}"),
    (FRENCH, "{day} {month} {year}"),
    (FRENCH, "le {day} {month} {year}"),
    (FRENCH, "{weekday} {day} {month} {year}"),
    (FRENCH, "le {weekday} {day} {month} {year}"),
]


def write(day, spelling):
    (weekdays, months), form = SPELLINGS[spelling]
    names = {"weekday": weekdays[day.weekday()], "month": months[day.month - 1]}
    return form.format(day=day.day, year=day.year, **names)


rng = np.random.default_rng(0)
first, last = date(1900, 1, 1).toordinal(), date(2099, 12, 31).toordinal()
days = [date.fromordinal(number) for number in rng.choice(range(first, last + 1), 4000, False)]
spelled = [write(day, rng.integers(len(SPELLINGS))) for day in days]
iso = [day.isoformat() for day in days]
for row in range(4):
    print(f"{spelled[row]:32} {iso[row]}")

# %%
# Learning
# --------
#
# Source and target are plain strings: the network is told nothing about days, months or years. 500
# days are held out.

from sklstm import LSTMSeq2Seq
from sklstm.metrics import token_error_rate

model = LSTMSeq2Seq(
    lr=0.01,
    schedule="one_cycle",
    batch_size=64,
    max_epochs=10,
    random_state=0,
)
model.fit(spelled[500:], iso[500:])
predicted = model.predict(spelled[:500])
print(f"{model.score(spelled[:500], iso[:500]):.1%} of the days exactly right")
print(f"{token_error_rate(iso[:500], predicted):.2%} of the characters wrong")

# %%
# Where it attends
# ----------------
#
# For each character of the output, attention gives each step of the source a weight. Here are two
# spellings of one day, with the output from top to bottom. The year is read at the end, digit by
# digit, the month from its letters, and the day from wherever it is. For the hyphens, the place
# does not matter.

import matplotlib.pyplot as plt

from sklstm.inspection import AttentionDisplay

display = AttentionDisplay.from_estimator(model, ["Sunday, March 7, 2021"])
display.figure_.suptitle("Attention to an English date")
plt.show()

# %%

display = AttentionDisplay.from_estimator(model, ["le dimanche 7 mars 2021"])
display.figure_.suptitle("Attention to a French date")
plt.show()

# %%
# What it never saw
# -----------------
#
# Beam search returns several outputs, and their probabilities say how sure the network is. It copes
# with a misspelling and with a month in German, and for an "M" it offers both May and March. But it
# has no calendar, and never learned to say that it does not know: it accepts February 31, and where
# there is no day, it makes one up.

odd = ["7 Marhc 2021", "7. März 2021", "7 M 2021", "31 February 2021", "4 July 1776", "? May 1984"]
for text, outputs in zip(odd, model.predict_n_best(odd, 3), strict=True):
    found = (f"{output} {np.exp(log):4.0%}" for output, log in outputs)
    print(f"{text:18} {'   '.join(found)}")
