"""
Shakespeare, letter by letter
=============================

A network that knows nothing of words reads *Coriolanus* and the opening of *Richard III*, and
writes some lines between epochs.
"""

# %%
# One long text
# -------------
#
# The end of the text is held out. With `bptt_steps`, the long text is split into the rows of a
# batch; gradients go back 100 letters, while the state is carried on.

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
# Training
# --------
#
# After the first epoch it knows letters and the length of words; later it spells, begins speeches
# with a speaker, and ends lines as in verse.

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
# What it has memorised
# ---------------------
#
# Both curves fall, and the gap between them grows: the network learns more and more about this
# text, and less about English. Early stopping would stop when the upper curve rises.

import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
ax.plot(range(1, 11), bits, marker="o", label=["training text", "held-out text"])
ax.set(xlabel="epochs", ylabel="bits per character", title="Shakespeare, letter by letter")
ax.grid(alpha=0.3)
ax.legend()
plt.show()

# %%
# How sure is it?
# ---------------
#
# Bits per character of a sentence, and of the same letters in random order.

import numpy as np

line = "Before we proceed any further, hear me speak."
letters = "".join(np.random.RandomState(0).permutation(list(line)))
for words in (line, letters):
    print(f"{generator.bits_per_character([words]):.2f} bits per character: {words}")
