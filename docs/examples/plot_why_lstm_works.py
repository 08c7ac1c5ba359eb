"""
Why LSTM works
==============

The lecture on recurrent networks on one page: what they are, why plain ones forget, and what the
LSTM does about it. Each claim of the lecture is measured, and one turns out to be half the truth.

In Russian: :doc:`plot_why_lstm_works_ru`.
"""

# %%
# Recurrent networks
# ------------------
#
# A recurrent network reads one step :math:`x_t` after another and keeps a state, which is all that
# it knows about the previous steps:
#
# .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)
#
# The weights are the same at every step, so a sequence may have any length. Input and output may
# each be one item or many: the guide draws all :doc:`shapes </user_guide/shapes>`.
#
# Windows
# -------
#
# A long series is cut into windows, each with the value that follows, so that one series becomes a
# data set. Here it is the yearly number of sunspots, with windows of 22 years.

import numpy as np
from statsmodels.datasets import sunspots

from sklstm import SlidingWindow

spots = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
X, y = SlidingWindow(length=22, horizon=1).pairs(spots / spots.max())
print(f"{len(spots)} years make {X.shape[0]} windows of {X.shape[1]} steps")

# %%
# Whether such forecasts beat simple ones is another question: see :doc:`plot_forecasting`.
#
# Stacked layers
# --------------
#
# The states of a layer are again a sequence, which another layer can read. These are the states of
# two layers in the last window, with a column per year and a row per unit. The sun's cycle of about
# eleven years is visible in both.

import matplotlib.pyplot as plt

from sklstm import LSTMRegressor
from sklstm.inspection import HiddenStatesDisplay

stacked = LSTMRegressor(cell="rnn", n_layers=2, hidden_size=8, max_epochs=20, random_state=0)
print(stacked.fit(X, y).summary())

fig, both = plt.subplots(2, 1, figsize=(6.4, 4), layout="constrained")
for layer, ax in enumerate(both):
    HiddenStatesDisplay.from_estimator(stacked, X[-1:], layer=layer, ax=ax)
    ax.set_title(f"layer {layer + 1}: hidden state $h_t$", loc="left", fontsize="medium")
    ax.set_xlabel("year of the window")
plt.show()

# %%
# Backpropagation through time
# ----------------------------
#
# To train, the network is unrolled into one copy per step, and the error is propagated back through
# all of them. The gradient of the loss :math:`L` after the last step :math:`T`, with respect to the
# state :math:`k` steps earlier, contains a product of :math:`k` Jacobians:
#
# .. math::
#
#    \frac{\partial L}{\partial h_{T-k}} = \frac{\partial L}{\partial h_T}
#        \prod_{t=T-k+1}^{T} \frac{\partial h_t}{\partial h_{t-1}},
#    \qquad \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, U
#
# If the factors are mostly smaller than 1, the gradient vanishes exponentially; if they are larger,
# it explodes. Below, the recurrent weights are an orthogonal :math:`U` times a number, and the
# network is untrained. No Jacobian stretches by more than this number, so the gradient stays below
# the dotted lines. The data are the adding problem: two numbers of a series are marked, and the
# target is their sum.

from sklstm.datasets import make_adding_problem
from sklstm.inspection import GradientFlowDisplay

n_steps = 40
X, y = make_adding_problem(8000, n_steps, random_state=0)
X_test, y_test = make_adding_problem(500, n_steps, random_state=1)
lags = np.arange(n_steps)


def as_drawn(cell, **cell_params):
    """Fit with a negligible learning rate, so that the weights stay as initialised."""
    regressor = LSTMRegressor(
        cell=cell, cell_params=cell_params, hidden_size=16, lr=1e-9, max_epochs=1, random_state=0
    )
    return regressor.fit(X[:100], y[:100])


fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for factor in (2.0, 1.0, 0.7):
    rnn = as_drawn("rnn")
    rnn.module_.recurrent.layers[0][0].weight_hh.data *= factor
    display = GradientFlowDisplay.from_estimator(rnn, X_test, name=rf"rnn, ${factor}\,U$", ax=ax)
    (line,) = display.lines_
    ax.plot(lags, line.get_ydata()[0] * factor**lags, ":", color=line.get_color())
ax.set(title="Gradient of plain networks", ylim=(1e-8, 1e6))
plt.show()

# %%
# With 0.7 the gradient vanishes: 40 steps back, a ten-millionth is left. With 2 it explodes, though
# by far less than the bound, since tanh is flat where states are large. With 1, the initialisation
# of ``cell="rnn"``, it is most stable. But this balance is delicate, and training changes
# :math:`U`. (``bptt_steps`` truncates the gradient on purpose, see :doc:`/user_guide/cells`.)
#
# The LSTM, gate by gate
# ----------------------
#
# The LSTM has a second state, the cell state :math:`c_t`. From step to step it passes through no
# matrix and no tanh: a part of it is kept, and something is added. Three gates, numbers between 0
# and 1 for each unit, decide how much:
#
# - the *forget gate* :math:`f_t`: how much of the cell state to keep;
# - the *input gate* :math:`i_t`: how much of the candidate :math:`g_t` to add;
# - the *output gate* :math:`o_t`: how much of the cell state to output as :math:`h_t`.
#
# .. math::
#
#    f_t &= \sigma(W_f x_t + U_f h_{t-1} + b_f) \\
#    i_t &= \sigma(W_i x_t + U_i h_{t-1} + b_i) \\
#    g_t &= \tanh(W_g x_t + U_g h_{t-1} + b_g) \\
#    c_t &= f_t \odot c_{t-1} + i_t \odot g_t \\
#    o_t &= \sigma(W_o x_t + U_o h_{t-1} + b_o) \\
#    h_t &= o_t \odot \tanh(c_t)
#
# The states of a trained network satisfy these equations:

from sklstm.inspection import gate_activations, hidden_states


def train(cell, **cell_params):
    """Train on the adding problem."""
    regressor = LSTMRegressor(
        cell=cell,
        cell_params=cell_params,
        hidden_size=16,
        lr=0.02,
        batch_size=64,
        schedule="one_cycle",
        max_epochs=3,
        random_state=0,
    )
    return regressor.fit(X, y)


def only_layer(samples):
    """Stack the values of samples of equal length: (N, T, H)."""
    return np.stack(samples)[:, 0, 0]


lstm = train("lstm")
gates, states = gate_activations(lstm, X_test), hidden_states(lstm, X_test)
f, i, g, o = (only_layer(gates[letter]) for letter in "figo")
h, c = only_layer(states.h), only_layer(states.c)
print(np.allclose(c[:, 1:], f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], atol=1e-5))
print(np.allclose(h, o * np.tanh(c), atol=1e-5))

# %%
# Along the cell state, the gradient is now multiplied by forget gates,
#
# .. math:: \frac{\partial c_t}{\partial c_{t-1}} = \mathrm{diag}(f_t) + \dots
#
# where the dots stand for the indirect path through :math:`h_{t-1}` and the gates. Before training,
# a forget gate is about :math:`\sigma(b_f)`, so its bias :math:`b_f` decides how far the gradient
# reaches. The dotted lines are :math:`\sigma(b_f)^k`:

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for bias in (3.0, 1.0, 0.0):
    network, name = as_drawn("lstm", forget_bias=bias), f"forget bias {bias:.0f}"
    display = GradientFlowDisplay.from_estimator(
        network, X_test, states="c", name=name, ax=ax, linestyle="-"
    )
    (line,) = display.lines_
    kept = 1 / (1 + np.exp(-bias))
    ax.plot(lags, line.get_ydata()[0] * kept**lags, ":", color=line.get_color())
ax.set(title="Gradient along the cell state", ylim=(1e-8, 1e2))
plt.show()

# %%
# With a bias of 0, half of the gradient along the cell state is lost at every step. A bias of 1 is
# the usual advice, and the default here. Where a curve is above its dotted line, the indirect path
# contributes more than the direct one.
#
# Variants
# --------
#
# How the other cells differ; :doc:`the guide </user_guide/cells>` has their equations:
#
# - ``peephole``: the gates also see the cell state;
# - ``coupled``: a single gate for two, :math:`i_t = 1 - f_t`: writing means forgetting;
# - ``gru``: also coupled, without a cell state: a gate :math:`z_t` keeps :math:`h_t` itself;
# - ``minlstm``, ``mingru``: the gates see only :math:`x_t`, so all steps are computed at once.
#
# All of them learn to add two numbers out of forty. The plain network, trained in the same way, is
# hardly better than always predicting the mean:

import pandas as pd
from sklearn.metrics import mean_squared_error

networks = {"rnn": train("rnn"), "lstm": lstm}
for cell in ("peephole", "coupled", "gru", "minlstm", "mingru"):
    networks[cell] = train(cell)
errors = [mean_squared_error(y_test, network.predict(X_test)) for network in networks.values()]
sizes = [network.n_parameters_ for network in networks.values()]
print(pd.DataFrame({"parameters": sizes, "squared error": np.round(errors, 4)}, index=networks))
print(f"the mean: {y_test.var():.4f}")

# %%
# With a smaller learning rate and twice the epochs, it gets half of the way at best. The order of
# the others means little: this is one seed, one problem and one length. The length at which each
# fails is measured in :doc:`plot_long_dependencies`.
#
# Why it works: the gradient
# --------------------------
#
# The gradients of three of them, before and after training:

fig, (before, after) = plt.subplots(1, 2, figsize=(7.5, 3.8), sharey=True, layout="constrained")
for cell, state in (("rnn", "h"), ("lstm", "c"), ("gru", "h")):
    for ax, network in ((before, as_drawn(cell)), (after, networks[cell])):
        GradientFlowDisplay.from_estimator(
            network, X_test, states=state, name=cell, ax=ax, linestyle="-"
        )
before.set_title("before training")
after.set(title="after training", ylabel="")
plt.show()

# %%
# Before training, the plain network is no worse than the LSTM, and far better than the GRU, whose
# gates start half open. What counts is what training makes of it. LSTM and GRU find gates with
# which the gradient is about as large forty steps back as at the end. In the plain network,
# everything worth keeping passes through the same :math:`U` and tanh as everything to be ignored,
# and its gradient falls: here to a fiftieth, with three other seeds to a thirtieth or to nothing.
#
# Why it works: the cell state
# ----------------------------
#
# Is it the direct path, along the cell state, that carries the gradient? To find out, treat the
# gates and candidates as constants, which leaves this path alone: :math:`k` steps before the end,
# :math:`\partial L / \partial c_T` has been multiplied by
# :math:`f_T \odot f_{T-1} \odot \dots \odot f_{T-k+1}`. In a minimal GRU the state is :math:`h`,
# and the gates are :math:`z`.


def direct_path(last, keep):
    """Norm by lag of the gradient `last` of the last step, multiplied by the gates `keep`."""
    kept = np.cumprod(keep[:, :0:-1], axis=1)  # (N, T - 1, H)
    return np.linalg.norm(np.hstack([last[:, None], last[:, None] * kept]), axis=2)


def direct_path_of_lstm(network):
    gates, states = gate_activations(network, X_test), hidden_states(network, X_test)
    weights = network.module_.output.weight.detach().numpy()  # (1, H)
    o, c = only_layer(gates.o)[:, -1], only_layer(states.c)[:, -1]
    return direct_path(weights * o * (1 - np.tanh(c) ** 2), only_layer(gates.f))


def direct_path_of_mingru(network):
    z = only_layer(gate_activations(network, X_test).z)
    weights = network.module_.output.weight.detach().numpy()
    return direct_path(weights.repeat(len(z), axis=0), z)


fig, axes = plt.subplots(1, 3, figsize=(7.5, 3.4), sharey=True, layout="constrained")
for ax, title, network, state, direct in (
    (axes[0], "lstm, forget bias 1", lstm, "c", direct_path_of_lstm),
    (axes[1], "lstm, forget bias 3", train("lstm", forget_bias=3.0), "c", direct_path_of_lstm),
    (axes[2], "mingru", networks["mingru"], "h", direct_path_of_mingru),
):
    GradientFlowDisplay.from_estimator(network, X_test, states=state, ax=ax, linestyle="-")
    ax.plot(lags, np.median(direct(network), axis=0), "k:", label="direct path only")
    ax.set(title=title, xlabel="lag: steps before the last", ylabel="")
    ax.legend(fontsize="small", loc="lower left")
axes[0].set(ylabel="norm of the gradient", ylim=(0.01, None))
plt.show()

# %%
# The minimal GRU has no other path, for its gates do not see the past: the two lines coincide. In
# an LSTM the direct path carries a part, more with a forget bias of 3 than with 1. With 1 it is a
# fiftieth of the gradient forty steps back, and with three other seeds a ten-thousandth or less.
# Yet all of these networks learned the problem, and their gradients did not fall. So the cell state
# is half the truth. The other half passes through :math:`h_{t-1}` and the gates, where training
# finds a balance of its own, as long as it can start from something nearer. Where it cannot, as in
# the copy task of :doc:`plot_long_dependencies`, the forget bias decides.
#
# Why it works: the gates
# -----------------------
#
# The LSTM reads a new series. Triangles mark the two numbers to add. There, the input gates of some
# units open, and some forget gates close a little.

from sklstm.inspection import GateActivationsDisplay


def mark_steps(display, steps):
    for ax in display.axes_:
        ax.plot(steps, [-1] * len(steps), "kv", clip_on=False)
    plt.show()


marked = X_test[:, :, 1] == 1
steps = np.flatnonzero(marked[0])
display = GateActivationsDisplay.from_estimator(lstm, X_test[:1], gates="if")
mark_steps(display, steps)

# %%
# The unit that best tells marked steps from others, averaged over all new series:

unit = (i[marked].mean(axis=0) - i[~marked].mean(axis=0)).argmax()
means = {
    name: [gate[marked, unit].mean(), gate[~marked, unit].mean()]
    for name, gate in (("input gate", i), ("forget gate", f))
}
print(f"unit {unit}")
print(pd.DataFrame(means, index=["marked", "others"]).round(2))

# %%
# The minimal GRU has no other way to remember, and does exactly what the lecture says. Its gates
# started half open, at :math:`\sigma(0) = 0.5`. A few units have learned to keep 99 % from step to
# step, and less where there is something to add:

display = GateActivationsDisplay.from_estimator(networks["mingru"], X_test[:1], gates="z")
mark_steps(display, steps)

# %%
# Words as vectors: word2vec
# --------------------------
#
# A network reads numbers, so words become vectors. Word2vec learns them by predicting words from
# their neighbours, which needs no labels; the LSTM then trains them further. The sentences are from
# reviews, and one in four is held out.

from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from sklstm import LSTMClassifier, Tokenizer, Word2VecEmbedder
from sklstm.datasets import load_sentences

sentences = load_sentences()
labels = np.array(sentences.target_names)[sentences.target]
texts_train, texts_test, labels_train, labels_test = train_test_split(
    sentences.data, labels, test_size=0.25, stratify=labels, random_state=0
)
pipe = make_pipeline(
    Tokenizer(),
    Word2VecEmbedder(vector_size=50, min_count=2, epochs=20, scale=0.4, random_state=0),
    LSTMClassifier(
        hidden_size=16, embedding_dropout=0.5, word_dropout=0.1, max_epochs=12, random_state=0
    ),
)
pipe.fit(texts_train, labels_train)
print(f"accuracy on held-out sentences: {pipe.score(texts_test, labels_test):.3f}")

embedder = pipe["word2vecembedder"]
words = np.array([*embedder.vocabulary_])
vectors = embedder.vectors_[2:] / np.linalg.norm(embedder.vectors_[2:], axis=1, keepdims=True)
for word in ("phone", "terrible"):
    nearest = (vectors @ vectors[words == word][0]).argsort()[::-1][1:6]
    print(f"{word}: {', '.join(words[nearest])}")

# %%
# The neighbours of "phone" are as hoped. Those of "terrible" include praise, since good and bad
# things are said in the same contexts. Only the labels tell them apart: if the vectors are not
# trained further, accuracy stays at 62 %.
#
# What do the gates do with words? Below are the words with the most and the least open input gates,
# averaged over all units and all held-out sentences.

gates = gate_activations(pipe, texts_test)
table = pd.DataFrame(
    {
        "word": [word for tokens in gates.tokens for word in tokens],
        "input gate": np.concatenate([values[0, 0].mean(axis=1) for values in gates.i]),
        "forget gate": np.concatenate([values[0, 0].mean(axis=1) for values in gates.f]),
    }
)
by_word = table.groupby("word").filter(lambda rows: len(rows) >= 8).groupby("word").mean()
by_word = by_word.sort_values("input gate").iloc[[*range(10), *range(-10, 0)]]

fig, both = plt.subplots(1, 2, figsize=(7.5, 5), sharey=True, layout="constrained")
for ax, gate in zip(both, by_word, strict=True):
    ax.barh(by_word.index, by_word[gate], color=["0.7"] * 10 + ["C0"] * 10)
    ax.set(xlabel=f"{gate}, mean", xlim=(0, 0.9))
    ax.grid(axis="x", alpha=0.3)
fig.suptitle("Words by their input gates")
plt.show()

# %%
# Words of judgement are written to the cell state, and part of its content is forgotten. Words that
# say little leave it as it is. Nobody told the network which words are which.
#
# Tokens that decide
# ------------------
#
# The output can be attributed to the tokens: their contributions sum to its difference from the
# output for zero vectors. There are two methods, integrated gradients and occlusion; trust them
# where they agree.

from sklstm.inspection import TokenContributionsDisplay, token_contributions

texts = [
    "This item worked great, but it broke after 6 months of use.",
    "It never condescends, all the characters have good genuine hearts and believable problems.",
    "There was NOTHING believable about it at all.",
    "A film not easily forgotten.",
    "I was able to do voice dialing in the car with no problem.",
]
fig, both = plt.subplots(1, 2, figsize=(7.5, 3.4), sharey=True, layout="constrained")
methods = {"integrated_gradients": "integrated gradients", "occlusion": "occlusion"}
for ax, method in zip(both, methods, strict=True):
    TokenContributionsDisplay.from_estimator(pipe, texts[:1], method=method, ax=ax)
    ax.set_title(methods[method])
both[1].set_ylabel("")
plt.show()

# %%
# The same sentence and four more as coloured text: blue is for a positive review, orange against.
# The first is a close call, the next two are classified correctly, the last two wrongly: "not" and
# "problem" count against a sentence, although "not forgotten" and "no problem" are praise. From two
# thousand sentences the network has learned much about words, and less about negation.

TokenContributionsDisplay(token_contributions(pipe, texts, target="positive"))

# %%
# The :doc:`guide </user_guide/inspection>` explains each plot, and how to draw it for your model.
