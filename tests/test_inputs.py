"""Every form that X may take, and what is said of others."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toys import IDS, LABELS, RAGGED, SERIES, STEPS, TOKENS, classifier, embedded, proba, y

from sklstm import (
    LSTMRegressor,
    LSTMSeq2Seq,
    LSTMTagger,
    SequencePadder,
    Sequences,
    TokenIndexer,
    Tokenizer,
)


class TestKindsOfInput:
    def test_token_containers(self):
        expected = proba(TOKENS)
        array = np.empty(20, object)
        array[:] = TOKENS
        padded = SequencePadder(padding="pre").fit_transform(TOKENS)
        arrays = [np.array(sample) for sample in TOKENS]
        series = [pd.Series(sample) for sample in TOKENS]
        for same in (tuple(TOKENS), list(map(tuple, TOKENS)), array, pd.Series(TOKENS), arrays,
                     series, Sequences.from_tokens(TOKENS), padded):  # fmt: skip
            np.testing.assert_array_equal(proba(same), expected)

    def test_one_sequence_is_not_taken_for_many(self):
        fitted = LSTMRegressor(hidden_size=2, max_epochs=1).fit(STEPS[:, :, :1], np.arange(20.0))
        for window in (STEPS[0, :, :1], pd.DataFrame(STEPS[0, :, :1])):
            with pytest.raises(ValueError, match=r"pass \[X\] for one sequence of 6 steps"):
                fitted.predict(window)
            assert fitted.predict([window]).shape == (1,)
        assert fitted.predict(STEPS[0, :, :1, None]).shape == (6,)
        assert fitted.predict([[1.0], [2.0]]).shape == (2,)

    def test_a_matrix_of_strings_holds_tokens(self):
        rows = [["a", "good"], ["bad", "film"]] * 10
        for matrix in (np.array(rows), np.array(rows, dtype=object)):
            np.testing.assert_array_equal(proba(matrix), proba(rows))

    def test_the_vocabulary_may_be_numbered_otherwise_at_prediction(self):
        fitted = classifier().fit(TOKENS, LABELS)
        expected = fitted.predict_proba(TOKENS)[::-1]
        np.testing.assert_array_equal(fitted.predict_proba(TOKENS[::-1]), expected)
        indexed = TokenIndexer().fit_transform(TOKENS[::-1])
        np.testing.assert_array_equal(fitted.predict_proba(indexed), expected)

    def test_categories_may_be_any_sequence(self):
        X = Sequences.from_tokens(TOKENS)
        for make in (tuple, np.array):
            same = Sequences(X.codes, X.offsets, make(X.categories))
            np.testing.assert_array_equal(proba(same, X), proba(X, same))

    def test_id_containers(self):
        matrix = np.array([row + [0] * (5 - len(row)) for row in IDS])
        expected = proba(matrix, vocabulary_size=6)
        same = {
            "rows": IDS, "pre": np.array([[0] * (5 - len(row)) + row for row in IDS]),
            "float": matrix.astype(float), "object": matrix.astype(object),
            "uint8": matrix.astype(np.uint8), "frame": pd.DataFrame(matrix),
            "tensor": torch.tensor(matrix), "tensors": list(map(torch.tensor, IDS)),
            "series": pd.Series(IDS), "arrays": list(map(np.array, IDS)),
            "sequences": Sequences.from_ids(IDS),
            "masked": np.ma.masked_array(np.where(matrix, matrix, 5), matrix == 0),
        }  # fmt: skip
        for name, X in same.items():
            actual = proba(X, vocabulary_size=6)
            np.testing.assert_array_equal(actual, expected, err_msg=name)

    def test_a_parameter_decides_whether_integers_are_ids(self):
        matrix = np.array([[2, 3, 0], [4, 5, 5]] * 10)
        numbers = classifier().fit(matrix, y)
        assert numbers.module_.embedding is None
        np.testing.assert_array_equal(
            numbers.predict_proba(matrix), proba(matrix.astype(float), labels=y)
        )
        assert classifier(vocabulary_size=6).fit(matrix, y).module_.embedding is not None

    def test_number_containers(self):
        expected = proba(STEPS)
        masked = np.ma.masked_array(np.pad(STEPS, ((0, 0), (3, 2), (0, 0)), constant_values=np.nan))
        masked[:, :3] = masked[:, 9:] = np.ma.masked
        same = {
            "list": STEPS.tolist(), "arrays": list(STEPS), "tensor": torch.tensor(STEPS),
            "tensors": list(map(torch.tensor, STEPS)), "frames": list(map(pd.DataFrame, STEPS)),
            "masked": masked, "fortran": np.asfortranarray(STEPS), "object": STEPS.astype(object),
        }  # fmt: skip
        for name, X in same.items():
            np.testing.assert_array_equal(proba(X), expected, err_msg=name)

    def test_ragged_number_containers(self):
        expected = proba(RAGGED)
        array = np.empty(20, object)
        array[:] = RAGGED
        for same in (array, pd.Series(RAGGED), [x.tolist() for x in RAGGED],
                     [pd.DataFrame(x) for x in RAGGED], SequencePadder().fit_transform(RAGGED),
                     list(map(torch.tensor, RAGGED))):  # fmt: skip
            np.testing.assert_array_equal(proba(same), expected)

    def test_series_of_another_length_than_those_of_the_matrix_in_fit(self):
        fitted = classifier().fit(SERIES, y)
        longer = np.hstack([SERIES, SERIES])
        with pytest.raises(ValueError, match=r"is expecting 5 features .* X\[:, :, None\]"):
            fitted.predict(longer)
        same = classifier().fit(SERIES[:, :, None], y).predict(longer[:, :, None])
        assert np.array_equal(fitted.predict(longer[:, :, None]), same)
        with pytest.raises(ValueError, match="Expected 2D array, got scalar array"):
            fitted.predict(np.float32(1))

    def test_a_frame_with_more_than_numbers_among_samples(self):
        frames = [pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})] * 4
        with pytest.raises(TypeError, match="leave out the columns that hold something else"):
            classifier().fit(frames, LABELS[:4])

    def test_a_matrix_is_one_univariate_series_a_row(self):
        expected = proba(SERIES)
        np.testing.assert_array_equal(proba(SERIES[:, :, None]), expected)
        np.testing.assert_array_equal(proba(pd.DataFrame(SERIES)), expected)
        masked = np.ma.masked_array(SERIES, np.arange(5) > np.arange(20)[:, None] % 5)
        ragged = [row.compressed() for row in masked]
        np.testing.assert_array_equal(proba(masked), proba(ragged))

    def test_frozen_vectors_equal_their_numbers(self):
        X = embedded()
        numbers = [X[row] for row in range(len(X))]
        frozen = proba(X, fine_tune_embeddings=False)
        np.testing.assert_allclose(frozen, proba(numbers, standardize=None), rtol=1e-5)

    @pytest.mark.filterwarnings("ignore:X does not have valid feature names")
    def test_columns_are_checked_by_number_and_name(self):
        X = pd.DataFrame(SERIES, columns=list("abcde"))
        fitted = classifier().fit(X, y)
        assert fitted.n_features_in_ == 5
        assert list(fitted.feature_names_in_) == list("abcde")
        with pytest.raises(ValueError, match="feature names"):
            fitted.predict(X[list("edcba")])
        with pytest.raises(ValueError, match="3 features"):
            fitted.predict(SERIES[:, :3])

    def test_a_parameter_set_after_fit_says_nothing_of_the_ids_in_fit(self):
        fitted = classifier(vocabulary_size=6).fit(IDS, y)
        expected = fitted.predict_proba(IDS)
        for size in (3, 100, None):
            fitted.set_params(vocabulary_size=size)
            np.testing.assert_array_equal(fitted.predict_proba(IDS), expected)
            with pytest.raises(ValueError, match="for vocabulary_size=6"):
                fitted.predict([[6]])
            for fit in (fitted.partial_fit, fitted.set_params(warm_start=True).fit):
                with pytest.raises(ValueError, match=f"={size} cannot go on from a fit with .*=6"):
                    fit(IDS, y)
        with pytest.raises(ValueError, match="'batch_size' parameter"):
            fitted.set_params(batch_size=0).predict(IDS)

    def test_vectors_stay_frozen_or_trained(self):
        X = Sequences.from_tokens(TOKENS)
        X = X.with_vectors(np.eye(len(X.categories), k=-1))
        for is_trained in (True, False):
            fitted = classifier(fine_tune_embeddings=is_trained).fit(X, y)
            with pytest.raises(ValueError, match=r"fine_tune.*=.* cannot go on from"):
                fitted.set_params(fine_tune_embeddings=not is_trained).partial_fit(X, y)

    def test_steps_may_differ_in_number_and_not_in_width(self):
        fitted = classifier().fit(RAGGED, y)
        assert fitted.n_features_in_ == 3
        assert len(fitted.predict(STEPS[:, :1])) == 20
        with pytest.raises(ValueError, match=r"2 features a step.*expecting 3"):
            fitted.predict(STEPS[:, :, :2])
        with pytest.raises(ValueError, match=r"1 features a step.*expecting 3"):
            fitted.predict(STEPS[0])

    def test_empty_samples_are_predicted(self):
        cases = {
            "tokens": (TOKENS, [[], []], {}),
            "ids": (IDS, [[], []], {"vocabulary_size": 6}),
            "padding": (IDS, [[0, 0], [0, 0]], {"vocabulary_size": 6}),
            "numbers": (RAGGED, [np.zeros((0, 3))] * 2, {}),
            "masked": (RAGGED, np.ma.masked_all((2, 3, 3)), {}),
            "no steps": (STEPS, np.zeros((2, 0, 3)), {}),
            "series": ([[1.0, 2.0], [3.0]] * 10, [[], []], {}),
            "vectors": (embedded(), embedded()[:2].with_categories(["<pad>", "<unk>"])
                        .with_vectors(np.zeros((2, 3)))[[0, 0]], {}),
        }  # fmt: skip
        for name, (X, empty, params) in cases.items():
            outputs = classifier(**params).fit(X, y).predict_proba(empty)
            assert np.isfinite(outputs).all(), name
            np.testing.assert_array_equal(outputs[0], outputs[1], err_msg=name)

    def test_empty_samples_may_be_among_the_training_data(self):
        for X in ([*TOKENS[1:], []], [*RAGGED[1:], np.zeros((0, 3))], [*RAGGED[1:], []]):
            assert np.isfinite(proba(X)).all()
        assert np.isfinite(proba([*IDS[1:], []], vocabulary_size=6)).all()

    def test_unknown_words_share_one_vector(self):
        fitted = classifier().fit(TOKENS, LABELS)
        outputs = fitted.predict_proba([["good", "zzz"], ["good", "qqq"], ["good", "<unk>"]])
        assert np.ptp(outputs, axis=0).max() == 0

    def test_another_fit_forgets_the_features(self):
        fitted = classifier().fit(pd.DataFrame(SERIES, columns=list("abcde")), y)
        fitted.fit(TOKENS, LABELS)
        assert not hasattr(fitted, "n_features_in_")
        assert not hasattr(fitted, "feature_names_in_")
        assert fitted.fit(embedded(), LABELS).n_features_in_ == 3

    def test_another_kind_of_input_at_prediction(self):
        kinds = {"tokens": TOKENS, "numbers": STEPS, "vectors": embedded()}
        for name, X in kinds.items():
            fitted = classifier().fit(X, LABELS)
            for other in kinds.keys() - {name}:
                with pytest.raises(ValueError, match=f"fitted on {name}, but X now holds {other}"):
                    fitted.predict(kinds[other])


NAMES = ["load", "heat", "wind"]
REORDERED = r"feature names.*\n.*same order"


def make_frames(library, samples, names=NAMES):
    frame = pytest.importorskip(library).DataFrame
    if not hasattr(StandardScaler().fit(frame({"load": [1.0]})), "feature_names_in_"):
        pytest.skip(f"this scikit-learn does not know the columns of this {library}")
    return [
        frame(dict(zip(names, np.transpose(sample), strict=True)))
        for sample in map(np.array, samples)
    ]


def reordered(frames):
    return [frame[NAMES[::-1]] for frame in frames]


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("samples", [RAGGED, STEPS], ids=["ragged", "equally long"])
class TestFramesOneForEachSample:
    def test_columns_are_checked_as_those_of_one_frame(self, library, samples):
        X = make_frames(library, samples)
        fitted = classifier().fit(X, y)
        assert fitted.feature_names_in_.tolist() == NAMES
        assert fitted.n_features_in_ == 3
        np.testing.assert_array_equal(fitted.predict_proba(X), proba(samples, labels=y))
        column = np.empty(20, object)
        column[:] = reordered(X)
        for same in (reordered(X), tuple(reordered(X)), column, pd.Series(column)):
            with pytest.raises(ValueError, match=REORDERED):
                fitted.predict(same)
        with pytest.raises(ValueError, match=r"unseen at fit time:\n- rain\n.*missing:\n- wind"):
            fitted.predict(make_frames(library, samples, ["load", "heat", "rain"]))
        with pytest.raises(ValueError, match="yet now missing:\n- wind"):
            fitted.predict([frame[NAMES[:2]] for frame in X])
        with pytest.warns(UserWarning, match="X does not have valid feature names"):
            fitted.predict(samples)
        with pytest.raises(ValueError, match=REORDERED):
            fitted.partial_fit(reordered(X), y)
        with pytest.raises(ValueError, match=f"In the validation data: .*{REORDERED}"):
            fitted.fit(X, y, X_val=reordered(X), y_val=y)

    def test_the_frames_must_agree(self, library, samples):
        X = make_frames(library, samples)
        mixed = [*X[:2], *reordered(X[2:])]
        array = [*X[:2], np.ones((4, 3)), *X[3:]]
        for estimator in (classifier(), SequencePadder()):
            with pytest.raises(ValueError, match=r"Sample 0 .*'wind'\], but sample 2 has \['wind'"):
                estimator.fit(mixed, y)
            with pytest.raises(ValueError, match="but sample 2 has none with names: give all"):
                estimator.fit(array, y)
        empty = [*X[:2], np.zeros((0, 3)), *X[3:]]
        assert classifier().fit(empty, y).feature_names_in_.tolist() == NAMES

    def test_names_of_a_fit_are_forgotten_in_the_next(self, library, samples):
        fitted = classifier().fit(make_frames(library, samples), y)
        for other in (samples, list(map(pd.DataFrame, samples))):
            assert not hasattr(fitted.fit(other, y), "feature_names_in_")

    def test_every_estimator_and_the_padder(self, library, samples):
        X = make_frames(library, samples)
        small = {"hidden_size": 3, "max_epochs": 1}
        tags = [["a", "b"] * 9] * 20
        targets = {
            LSTMRegressor: y, LSTMSeq2Seq: ["a", "b"] * 10,
            LSTMTagger: [row[: len(frame)] for row, frame in zip(tags, X, strict=True)],
        }  # fmt: skip
        for kind, target in targets.items():
            fitted = kind(**small).fit(X, target)
            assert fitted.feature_names_in_.tolist() == NAMES
            with pytest.raises(ValueError, match=REORDERED):
                fitted.predict(reordered(X))
        padder = SequencePadder().fit(X)
        assert padder.feature_names_in_.tolist() == NAMES
        np.testing.assert_array_equal(padder.transform(X), SequencePadder().fit_transform(samples))
        with pytest.raises(ValueError, match=REORDERED):
            padder.transform(reordered(X))


def test_a_pipeline_takes_empty_and_unknown_texts():
    pipe = make_pipeline(Tokenizer(), classifier()).fit(["a good film", ""] * 10, y)
    assert len(pipe.predict(["", "quite unknown words", "!!!"])) == 3
