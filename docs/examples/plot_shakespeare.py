"""
Shakespeare, letter by letter
=============================

A network that has never heard of words reads *Coriolanus* and the opening of *Richard III*, and
writes some lines between its lessons.
"""

# %%
# One long text
# -------------
#
# The end of the text is held out. With `bptt_steps`, the long text is cut into as many streams as a
# batch has rows; gradients go 100 letters back, while the state is carried on.

from sklstm import LSTMGenerator
from sklstm.datasets import load_shakespeare

text = "\n\n".join(load_shakespeare().data)
train, held_out = text[:180_000], text[180_000:]
generator = LSTMGenerator(
    embedding_dim=32,
    hidden_size=192,
    dropout=0.2,
    bptt_steps=100,
    batch_size=16,
    lr=0.005,
    max_epochs=1,
    warm_start=True,
    random_state=0,
)

# %%
# Lessons
# -------
#
# After the first epoch it knows letters and how long a word is, later it spells, opens speeches
# with a speaker, and ends lines where verse would.

bits = []
for epoch in range(1, 11):
    generator.fit([train])
    bits.append([generator.bits_per_character([part]) for part in (train[:20_000], held_out)])
    if epoch in (1, 3, 10):
        (lines,) = generator.sample(
            prefix="\n\n", max_length=260, temperature=0.7, random_state=epoch
        )
        print(f"After {epoch} epochs:\n{lines.strip()}\n")

# %%
# What it has learned by heart
# ----------------------------
#
# Both curves fall, and the gap between them grows: more and more of what it learns is this text,
# and less of it is English. Early stopping ends when the upper one turns.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
ax.plot(range(1, 11), bits, marker="o", label=["text that was read", "text held out"])
ax.set(xlabel="epochs", ylabel="bits per character", title="Shakespeare, letter by letter")
ax.grid(alpha=0.3)
ax.legend()
plt.show()

# %%
# How sure is it?
# ---------------
#
# The likelihood of a text, a symbol: good English against the same letters in disorder.

import numpy as np

line = "Before we proceed any further, hear me speak."
letters = "".join(np.random.RandomState(0).permutation(list(line)))
for words in (line, letters):
    print(f"{generator.bits_per_character([words]):.2f} bits a letter: {words}")
