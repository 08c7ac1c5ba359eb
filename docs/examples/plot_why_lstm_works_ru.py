"""
Почему LSTM работает
====================

Лекция о рекуррентных сетях на одной странице и в том же порядке: что это такое, почему простые сети
забывают, что с этим делает LSTM и видно ли это на деле. Утверждения лекции здесь измеряются, и одно
из них оказывается правдой лишь наполовину.

По-английски: :doc:`plot_why_lstm_works`. Данные и надписи самой библиотеки тоже английские.
"""

# %%
# Рекуррентные сети
# -----------------
#
# Рекуррентная сеть читает последовательность шаг за шагом, :math:`x_t` за :math:`x_{t-1}`, и несёт
# с собой состояние. Кроме него она о прошлом ничего не знает:
#
# .. math:: h_t = \tanh(W x_t + U h_{t-1} + b)
#
# Веса на всех шагах одни и те же, поэтому длина последовательности может быть любой. Один вход или
# много, один выход или много: все :doc:`формы </user_guide/shapes>` нарисованы в руководстве.
#
# Окна
# ----
#
# Длинный ряд разрезают на окна, к каждому из которых известно, что было дальше; так один ряд
# становится выборкой. Вот числа солнечных пятен по годам: в окне 22 года, предсказать надо
# следующий.

import numpy as np
from statsmodels.datasets import sunspots

from sklstm import SlidingWindow

spots = sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()
X, y = SlidingWindow(length=22, horizon=1).pairs(spots / spots.max())
print(f"лет: {len(spots)}, окон: {X.shape[0]}, шагов в каждом: {X.shape[1]}")

# %%
# Лучше ли такие прогнозы самых простых — другой вопрос: ему посвящён :doc:`plot_forecasting`.
#
# Слои друг над другом
# --------------------
#
# Состояния слоя сами образуют последовательность, которую может читать следующий слой. Ниже
# состояния двух слоёв в последнем окне: столбец на каждый год, строка на каждый нейрон.
# Одиннадцатилетний цикл Солнца виден в обоих.

import matplotlib.pyplot as plt

from sklstm import LSTMRegressor
from sklstm.inspection import HiddenStatesDisplay

stacked = LSTMRegressor(cell="rnn", n_layers=2, hidden_size=8, max_epochs=20, random_state=0)
print(stacked.fit(X, y).summary())

fig, both = plt.subplots(2, 1, figsize=(6.4, 4), layout="constrained")
for layer, ax in enumerate(both):
    HiddenStatesDisplay.from_estimator(stacked, X[-1:], layer=layer, ax=ax)
    ax.set_title(f"слой {layer + 1}: скрытое состояние $h_t$", loc="left", fontsize="medium")
    ax.set(xlabel="год в окне", ylabel="нейрон")
plt.show()

# %%
# Обратное распространение ошибки во времени
# ------------------------------------------
#
# Для обучения сеть разворачивают в столько копий, сколько шагов, и ошибка идёт назад через все. То,
# что функция потерь :math:`L` после последнего шага :math:`T` сообщает состоянию за :math:`k` шагов
# до него, есть произведение :math:`k` матриц Якоби:
#
# .. math::
#
#    \frac{\partial L}{\partial h_{T-k}} = \frac{\partial L}{\partial h_T}
#        \prod_{t=T-k+1}^{T} \frac{\partial h_t}{\partial h_{t-1}},
#    \qquad \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)\, U
#
# Если множители в целом меньше единицы, градиент затухает экспоненциально, если больше, то
# взрывается. Здесь рекуррентные веса равны ортогональной матрице :math:`U`, умноженной на число. Ни
# один множитель не растягивает сильнее, чем в это число раз, поэтому градиент не поднимается выше
# пунктира. Сеть ещё ничему не училась. На входе задача сложения: в ряду чисел два отмечены, и в
# конце нужна их сумма.

from sklstm.datasets import make_adding_problem
from sklstm.inspection import GradientFlowDisplay

n_steps = 40
X, y = make_adding_problem(8000, n_steps, random_state=0)
X_test, y_test = make_adding_problem(500, n_steps, random_state=1)
lags = np.arange(n_steps)
captions = {"xlabel": "лаг: шагов до последнего", "ylabel": "норма градиента"}


def as_drawn(cell, **cell_params):
    """Обучить с ничтожным шагом: веса остаются такими, какими были выбраны."""
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
ax.set(title="Градиент простых сетей", **captions, ylim=(1e-8, 1e6))
plt.show()

# %%
# С множителем 0.7 градиент затухает: за 40 шагов от него остаётся одна десятимиллионная. С
# множителем 2 он взрывается, хотя и намного слабее, чем мог бы, ведь при больших состояниях tanh
# почти плоский. Лучше всего он держится с множителем 1, и с этого начинает ``cell="rnn"``. Но это
# равновесие на острие, а обучение меняет :math:`U`. (``bptt_steps`` обрезает путь назад намеренно,
# см. :doc:`/user_guide/cells`.)
#
# LSTM, вентиль за вентилем
# -------------------------
#
# У LSTM (долгой краткосрочной памяти) есть второе состояние, состояние ячейки :math:`c_t`. От шага
# к шагу оно не проходит ни через матрицу, ни через tanh: часть его сохраняется, и к нему что-то
# прибавляется. Сколько именно, решают три вентиля, числа от 0 до 1 для каждого нейрона:
#
# - *вентиль забывания* :math:`f_t`: какую часть состояния ячейки сохранить;
# - *входной вентиль* :math:`i_t`: какую часть кандидата :math:`g_t` прибавить;
# - *выходной вентиль* :math:`o_t`: какую часть состояния ячейки выдать в :math:`h_t`.
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
# Состояния обученной сети удовлетворяют этим уравнениям:

from sklstm.inspection import gate_activations, hidden_states


def train(cell, **cell_params):
    """Обучить сеть задаче сложения."""
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
    """Сложить значения рядов равной длины в один массив: (N, T, H)."""
    return np.stack(samples)[:, 0, 0]


lstm = train("lstm")
gates, states = gate_activations(lstm, X_test), hidden_states(lstm, X_test)
f, i, g, o = (only_layer(gates[letter]) for letter in "figo")
h, c = only_layer(states.h), only_layer(states.c)
print(np.allclose(c[:, 1:], f[:, 1:] * c[:, :-1] + i[:, 1:] * g[:, 1:], atol=1e-5))
print(np.allclose(h, o * np.tanh(c), atol=1e-5))

# %%
# Вдоль состояния ячейки градиент теперь умножается на вентили забывания,
#
# .. math:: \frac{\partial c_t}{\partial c_{t-1}} = \mathrm{diag}(f_t) + \dots
#
# где многоточие означает обходной путь, через :math:`h_{t-1}` и вентили. До обучения вентиль
# забывания примерно равен :math:`\sigma(b_f)`, и его смещение :math:`b_f` решает, как далеко
# достаёт градиент. Пунктиром показано :math:`\sigma(b_f)^k`:

fig, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for bias in (3.0, 1.0, 0.0):
    network, name = as_drawn("lstm", forget_bias=bias), f"смещение {bias:.0f}"
    display = GradientFlowDisplay.from_estimator(
        network, X_test, states="c", name=name, ax=ax, linestyle="-"
    )
    (line,) = display.lines_
    kept = 1 / (1 + np.exp(-bias))
    ax.plot(lags, line.get_ydata()[0] * kept**lags, ":", color=line.get_color())
ax.set(title="Градиент вдоль состояния ячейки", **captions, ylim=(1e-8, 1e2))
plt.show()

# %%
# Со смещением 0 вдоль состояния ячейки на каждом шаге теряется половина градиента. Смещение 1
# советуют чаще всего, здесь оно принято по умолчанию. Там, где кривая лежит выше своего пунктира,
# обходной путь даёт больше, чем прямой.
#
# Варианты
# --------
#
# Что меняют другие ячейки (уравнения :doc:`в руководстве </user_guide/cells>`):
#
# - ``peephole``: вентили видят и состояние ячейки;
# - ``coupled``: один вентиль вместо двух, :math:`i_t = 1 - f_t`, так что записать — значит забыть;
# - ``gru``: вентили тоже связаны, а состояния ячейки нет: вентиль :math:`z_t` сохраняет само
#   :math:`h_t`;
# - ``minlstm``, ``mingru``: вентили видят только :math:`x_t`, и все шаги вычисляются сразу.
#
# Все они научились складывать два числа из сорока шагов. Простая сеть, обученная так же, едва ли
# лучше того, кто всегда отвечает средним:

import pandas as pd
from sklearn.metrics import mean_squared_error

networks = {"rnn": train("rnn"), "lstm": lstm}
for cell in ("peephole", "coupled", "gru", "minlstm", "mingru"):
    networks[cell] = train(cell)
errors = [mean_squared_error(y_test, network.predict(X_test)) for network in networks.values()]
sizes = [network.n_parameters_ for network in networks.values()]
print(
    pd.DataFrame(
        {"параметры": sizes, "средний квадрат ошибки": np.round(errors, 4)}, index=networks
    )
)
print(f"среднее: {y_test.var():.4f}")

# %%
# С меньшим шагом обучения и вдвое дольше она в лучшем случае проходит половину пути. Порядок среди
# остальных мало что значит: это одна инициализация, одна задача и одна длина. На какой длине кто
# сдаётся, измерено в примере :doc:`plot_long_dependencies`.
#
# Почему это работает: градиент
# -----------------------------
#
# Градиенты трёх из них до и после обучения:

fig, (before, after) = plt.subplots(1, 2, figsize=(7.5, 3.8), sharey=True, layout="constrained")
for cell, state in (("rnn", "h"), ("lstm", "c"), ("gru", "h")):
    for ax, network in ((before, as_drawn(cell)), (after, networks[cell])):
        GradientFlowDisplay.from_estimator(
            network, X_test, states=state, name=cell, ax=ax, linestyle="-"
        )
before.set(title="до обучения", **captions)
after.set(title="после обучения", xlabel=captions["xlabel"], ylabel="")
plt.show()

# %%
# До обучения простая сеть не хуже LSTM и гораздо лучше GRU, чьи вентили вначале открыты наполовину.
# Важно, что из этого делает обучение. LSTM и GRU находят такие вентили, при которых градиент за
# сорок шагов до конца примерно так же силён, как в конце. В простой сети всё, что надо сохранить,
# проходит через те же :math:`U` и tanh, что и всё, чем надо пренебречь, и её градиент затухает:
# здесь до одной пятидесятой, при трёх других инициализациях до одной тридцатой или до нуля.
#
# Почему это работает: состояние ячейки
# -------------------------------------
#
# Действительно ли градиент идёт прямым путём, вдоль состояния ячейки? Чтобы узнать это, будем
# считать вентили и кандидатов постоянными: тогда остаётся только этот путь. За :math:`k` шагов до
# конца :math:`\partial L / \partial c_T` на нём умножена на
# :math:`f_T \odot f_{T-1} \odot \dots \odot f_{T-k+1}`. В минимальном GRU состоянием служит
# :math:`h`, а вентилями :math:`z`.


def direct_path(last, keep):
    """Нормы по лагам: градиент `last` последнего шага, умноженный на вентили `keep`."""
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
    (axes[0], "lstm, смещение 1", lstm, "c", direct_path_of_lstm),
    (axes[1], "lstm, смещение 3", train("lstm", forget_bias=3.0), "c", direct_path_of_lstm),
    (axes[2], "mingru", networks["mingru"], "h", direct_path_of_mingru),
):
    GradientFlowDisplay.from_estimator(network, X_test, states=state, ax=ax, linestyle="-")
    ax.plot(lags, np.median(direct(network), axis=0), "k:", label="только прямой путь")
    ax.set(title=title, xlabel=captions["xlabel"], ylabel="")
    ax.legend(fontsize="small", loc="lower left")
axes[0].set(ylabel=captions["ylabel"], ylim=(0.01, None))
plt.show()

# %%
# В минимальном GRU другого пути нет, ведь его вентили не видят прошлого: обе линии совпадают. В
# LSTM прямой путь несёт часть градиента, со смещением 3 большую, чем со смещением 1. Со смещением 1
# это за сорок шагов одна пятидесятая градиента, при трёх других инициализациях одна десятитысячная
# и меньше. И всё же все эти сети научились решать задачу, и градиент у них не затух. Значит,
# состояние ячейки — лишь половина правды. Вторая половина идёт в обход, через :math:`h_{t-1}` и
# вентили, где обучение находит собственное равновесие, если поблизости есть с чего начать. Там, где
# не с чего, как в задаче копирования из примера :doc:`plot_long_dependencies`, решает смещение
# вентиля забывания.
#
# Почему это работает: вентили
# ----------------------------
#
# LSTM читает новый ряд. Треугольниками отмечены два числа, которые надо сложить. На них входные
# вентили некоторых нейронов открываются, а некоторые вентили забывания слегка закрываются.

from sklstm.inspection import GateActivationsDisplay


def mark_steps(display, steps):
    for ax in display.axes_:
        ax.plot(steps, [-1] * len(steps), "kv", clip_on=False)
    plt.show()


marked = X_test[:, :, 1] == 1
steps = np.flatnonzero(marked[0])
display = GateActivationsDisplay.from_estimator(lstm, X_test[:1], gates="if")
display.axes_[0].set_title("входной вентиль $i_t$", loc="left", fontsize="medium")
display.axes_[1].set_title("вентиль забывания $f_t$", loc="left", fontsize="medium")
plt.setp(display.axes_, ylabel="нейрон")
display.axes_[1].set_xlabel("шаг")
mark_steps(display, steps)

# %%
# Нейрон, который лучше всех отличает отмеченные шаги от прочих, в среднем по всем новым рядам:

unit = (i[marked].mean(axis=0) - i[~marked].mean(axis=0)).argmax()
means = {
    name: [gate[marked, unit].mean(), gate[~marked, unit].mean()]
    for name, gate in (("входной вентиль", i), ("вентиль забывания", f))
}
print(f"нейрон {unit}")
print(pd.DataFrame(means, index=["отмеченные", "прочие"]).round(2))

# %%
# Минимальному GRU больше нечем помнить, и он ведёт себя точно по лекции. Вначале его вентили были
# открыты наполовину, :math:`\sigma(0) = 0.5`. Несколько нейронов научились сохранять 99 % от шага
# к шагу и отпускать там, где есть что прибавить:

display = GateActivationsDisplay.from_estimator(networks["mingru"], X_test[:1], gates="z")
display.axes_[0].set_title("вентиль обновления $z_t$", loc="left", fontsize="medium")
display.axes_[0].set(xlabel="шаг", ylabel="нейрон")
mark_steps(display, steps)

# %%
# Числа вместо слов: word2vec
# ---------------------------
#
# Сеть читает числа, поэтому слова превращают в векторы. Word2vec находит их, угадывая слова по
# соседям, и разметка для этого не нужна; LSTM, которая читает эти векторы, обучает их дальше.
# Предложения взяты из английских отзывов, каждое четвёртое отложено для проверки.

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
print(f"доля верных ответов на отложенных предложениях: {pipe.score(texts_test, labels_test):.3f}")

embedder = pipe["word2vecembedder"]
words = np.array([*embedder.vocabulary_])
vectors = embedder.vectors_[2:] / np.linalg.norm(embedder.vectors_[2:], axis=1, keepdims=True)
for word in ("phone", "terrible"):
    nearest = (vectors @ vectors[words == word][0]).argsort()[::-1][1:6]
    print(f"{word}: {', '.join(words[nearest])}")

# %%
# Соседи слова "phone" такие, каких и ждёшь. Среди соседей слова "terrible" не только ругань, но и
# похвала: о хорошем и о плохом говорят в одних и тех же местах. Что есть что, становится ясно по
# разметке: если векторы дальше не обучать, доля верных ответов остаётся на уровне 62 %.
#
# Что вентили делают со словами? Ниже слова, на которых входные вентили открыты шире всего, и слова,
# на которых они открыты меньше всего, в среднем по всем нейронам и отложенным предложениям.

gates = gate_activations(pipe, texts_test)
table = pd.DataFrame(
    {
        "слово": [word for tokens in gates.tokens for word in tokens],
        "входной вентиль": np.concatenate([values[0, 0].mean(axis=1) for values in gates.i]),
        "вентиль забывания": np.concatenate([values[0, 0].mean(axis=1) for values in gates.f]),
    }
)
by_word = table.groupby("слово").filter(lambda rows: len(rows) >= 8).groupby("слово").mean()
by_word = by_word.sort_values("входной вентиль").iloc[[*range(10), *range(-10, 0)]]

fig, both = plt.subplots(1, 2, figsize=(7.5, 5), sharey=True, layout="constrained")
for ax, gate in zip(both, by_word, strict=True):
    ax.barh(by_word.index, by_word[gate], color=["0.7"] * 10 + ["C0"] * 10)
    ax.set(xlabel=f"{gate}, среднее", xlim=(0, 0.9))
    ax.grid(axis="x", alpha=0.3)
fig.suptitle("Слова по входным вентилям")
plt.show()

# %%
# Оценочные слова записываются в состояние ячейки, и часть прежнего содержания стирается. Слова,
# которые мало о чём говорят, его почти не меняют. Какие слова оценочные, сети никто не подсказывал.
#
# Токены, которые решают
# ----------------------
#
# Выход сети можно разделить между токенами: сумма их вкладов равна его отличию от выхода для
# нулевых векторов. Для этого есть два способа: интегрированные градиенты и окклюзия, то есть
# поочерёдное закрытие токенов. Если они согласны, им можно верить.

from sklstm.inspection import TokenContributionsDisplay, token_contributions

texts = [
    "This item worked great, but it broke after 6 months of use.",
    "It never condescends, all the characters have good genuine hearts and believable problems.",
    "There was NOTHING believable about it at all.",
    "A film not easily forgotten.",
    "I was able to do voice dialing in the car with no problem.",
]
fig, both = plt.subplots(1, 2, figsize=(7.5, 3.4), sharey=True, layout="constrained")
methods = {"integrated_gradients": "интегрированные градиенты", "occlusion": "окклюзия"}
for ax, method in zip(both, methods, strict=True):
    TokenContributionsDisplay.from_estimator(pipe, texts[:1], method=method, ax=ax)
    ax.set(title=methods[method], ylabel="")
both[0].set_ylabel("вклад")
plt.show()

# %%
# То же предложение и ещё четыре цветным текстом: синие токены говорят за положительный отзыв,
# оранжевые против. О первом сеть судит с трудом, о двух следующих верно, о двух последних нет:
# "not" и "problem" говорят против предложения, хотя "not forgotten" и "no problem" здесь похвала.
# По двум тысячам предложений сеть узнала многое о словах и меньше о том, как одно слово
# переворачивает другое.

TokenContributionsDisplay(token_contributions(pipe, texts, target="positive"))

# %%
# О чём говорит каждая картинка и как нарисовать её для собственной модели, сказано в руководстве:
# :doc:`/user_guide/inspection`.
