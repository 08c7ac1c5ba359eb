"""Tokenizer and TokenIndexer: what they find, that it can be undone, and what they refuse."""

import copy
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

from sklstm import LSTMClassifier, Sequences, TokenIndexer, Tokenizer, Word2VecEmbedder

CURLY = "\u2019"  # the typographic apostrophe
ACUTE = "\u0301"  # a combining accent


def tokenize(text, **parameters):
    (tokens,) = Tokenizer(**parameters).transform([text])
    return tokens


def split_in_upper_case(text):
    return text.upper().split()


TEXTS = st.lists(
    st.text()
    | st.text("aB1.,'_!(“ \u2019\u0301\u0307\u00ad\u200dİßЖ٣\n")
    | st.lists(st.sampled_from(["Good", "film", "<br />", "<BR>", "İ", "3.14", "!", " "])).map(
        "".join
    ),
    min_size=1,
    max_size=4,
)
TOKENIZERS = [
    Tokenizer(),
    Tokenizer(punctuation=False),
    Tokenizer(punctuation=True, lowercase=False),
    Tokenizer(token_pattern=r"[a-z]+|(?=x)"),
    Tokenizer(token_pattern=re.compile(r"(?:<br />)?(\w+)?"), strip_html_breaks=False),
    Tokenizer(tokenizer=str.split),
    Tokenizer(tokenizer=list, strip_html_breaks=False),
]


class TestWords:
    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("A good film, really!", ["a", "good", "film", "really", "!"]),
            ("Очень ПЛОХОЙ фильм", ["очень", "плохой", "фильм"]),
            ("Größe ÜBER Straße", ["größe", "über", "straße"]),
            ("déjà vu, Ångström", ["déjà", "vu", "ångström"]),
            (f"cafe{ACUTE} e{ACUTE}te{ACUTE}", [f"cafe{ACUTE}", f"e{ACUTE}te{ACUTE}"]),
            ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
            ("می\u200cشد", ["می\u200cشد"]),
            ("İstanbul", ["i\u0307stanbul"]),
            ("don't 'quoted' dogs' 'tis", ["don't", "quoted", "dogs", "tis"]),
            (f"l{CURLY}amour aujourd{CURLY}hui", [f"l{CURLY}amour", f"aujourd{CURLY}hui"]),
            ("3.14 10,000.50 7/10 2nd", ["3.14", "10,000.50", "7", "10", "2nd"]),
            ("bad.The end. 1,a", ["bad", "the", "end", "1", "a"]),
            ("_emphasis_ snake_case well-known", ["emphasis", "snake", "case", "well", "known"]),
            ("", []),
            (" \n\t...!?", ["!", "?"]),
        ],
    )
    def test_default(self, text, tokens):
        assert tokenize(text) == tokens

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            ("Well... no!", ["well", ".", ".", ".", "no", "!"]),
            ("a_b (c)", ["a", "_", "b", "(", "c", ")"]),
            ("don't 'x'", ["don't", "'", "x", "'"]),
            ("I ❤\ufe0f it 👍", ["i", "❤\ufe0f", "it", "👍"]),
            (f" {ACUTE} !{ACUTE}", [f"!{ACUTE}"]),
        ],
    )
    def test_punctuation(self, text, tokens):
        assert tokenize(text, punctuation=True) == tokens

    def test_words_alone(self):
        assert tokenize("Good! :) 👍 don't?", punctuation=False) == ["good", "don't"]

    def test_case_is_kept_on_request(self):
        assert tokenize("Good FILM", lowercase=False) == ["Good", "FILM"]

    @pytest.mark.parametrize("tag", ["<br />", "<br/>", "<br>", "<BR />", "<br /><br />"])
    def test_html_breaks_separate(self, tag):
        assert tokenize(f"one{tag}two") == ["one", "two"]
        assert tokenize(f"one{tag}two", punctuation=True) == ["one", "two"]

    def test_html_breaks_are_kept_on_request(self):
        tokens = tokenize("a<br />b", strip_html_breaks=False, punctuation=True)
        assert tokens == ["a", "<", "br", "/", ">", "b"]

    def test_breakdown_is_no_break(self):
        assert tokenize("<breakdown> abrupt") == ["breakdown", "abrupt"]


class TestOwnRules:
    def test_pattern(self):
        assert tokenize("Good FILM, 2 h", token_pattern="[a-z]+") == ["good", "film", "h"]

    def test_pattern_sees_the_case_without_lowercase(self):
        assert tokenize("Good FILM", token_pattern="[a-z]+", lowercase=False) == ["ood"]

    def test_compiled_pattern_keeps_its_flags(self):
        pattern = re.compile("g . .  # three characters", re.VERBOSE)
        assert tokenize("Good", token_pattern=pattern) == ["goo"]

    def test_one_group_is_the_token(self):
        tokenizer = Tokenizer(token_pattern=r"#(\w+)")
        assert tokenizer.transform(["so #cool and #new"]) == [["cool", "new"]]
        assert tokenizer.find_char_spans(["so #cool"])[0].tolist() == [[4, 8]]

    def test_empty_matches_are_no_tokens(self):
        assert tokenize("ab c", token_pattern=r"\w*") == ["ab", "c"]
        assert tokenize("ab  c", tokenizer=re.compile(" ").split) == ["ab", "c"]

    def test_callable(self):
        assert tokenize("Well-known  fact.", tokenizer=str.split) == ["well-known", "fact."]
        assert tokenize("Ab", tokenizer=list, lowercase=False) == ["A", "b"]
        assert tokenize("a b", tokenizer=lambda text: (word for word in text.split())) == ["a", "b"]

    def test_callable_sees_the_case(self):
        seen = []
        tokenize("Good<br>Film", tokenizer=lambda text: seen.append(text) or text.split())
        assert seen == ["Good    Film"]

    @pytest.mark.parametrize("answer", ["text", None, 3, ["a", 3], [None], [b"a"], [["a"]]])
    def test_callable_must_return_strings(self, answer):
        with pytest.raises(TypeError, match=r"tokenizer must return a list of str.*'some text'"):
            tokenize("some text", tokenizer=lambda text: answer)

    def test_punctuation_without_effect_warns(self):
        with pytest.warns(UserWarning, match="no effect with tokenizer"):
            Tokenizer(punctuation=True, tokenizer=list).fit(["a"])
        with pytest.warns(UserWarning, match="no effect with token_pattern"):
            Tokenizer(punctuation=True, token_pattern="a").fit(["a"])


class TestOffsets:
    @pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=repr)
    @given(texts=TEXTS)
    def test_cut_out_the_tokens(self, tokenizer, texts):
        for text, spans, tokens in zip(
            texts, tokenizer.find_char_spans(texts), tokenizer.transform(texts), strict=True
        ):
            assert spans.shape == (len(tokens), 2)
            assert spans.dtype == np.int64
            assert np.all(np.diff(spans.ravel()) >= 0)
            pieces = [text[start:end] for start, end in spans]
            assert [p.lower() if tokenizer.lowercase else p for p in pieces] == tokens

    def test_original_case_and_place(self):
        text = "İİ said<br />NO"
        spans = Tokenizer().find_char_spans([text, ""])
        assert [text[start:end] for start, end in spans[0]] == ["İİ", "said", "NO"]
        assert spans[1].shape == (0, 2)

    def test_of_repeated_tokens_go_forward(self):
        (spans,) = Tokenizer(tokenizer=str.split).find_char_spans(["no no no"])
        assert spans.tolist() == [[0, 2], [3, 5], [6, 8]]

    def test_of_a_rewriting_callable_are_refused(self):
        tokenizer = Tokenizer(tokenizer=split_in_upper_case)
        assert tokenizer.transform(["a b"]) == [["a", "b"]]
        with pytest.raises(ValueError, match=r"'A', which is not in the text after character 0"):
            tokenizer.find_char_spans(["a b"])


class TestCharSpans:
    """Sequences that carry what find_char_spans returns."""

    @pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=repr)
    @given(texts=TEXTS)
    def test_same_tokens_and_spans(self, tokenizer, texts):
        batch = clone(tokenizer).set_params(char_spans=True).transform(texts)
        assert isinstance(batch, Sequences)
        assert batch.tokens() == tokenizer.transform(texts)
        spans = np.concatenate([np.zeros((0, 2), int), *tokenizer.find_char_spans(texts)])
        assert np.array_equal(batch.char_spans, spans)
        assert batch.lengths.tolist() == list(map(len, tokenizer.transform(texts)))

    @pytest.mark.parametrize(
        ("text", "tokens"),
        [
            (
                "Владимир Путин родился в Ленинграде.",
                ["Владимир", "Путин", "родился", "в", "Ленинграде", "."],
            ),
            (
                "¿Vive Gabriel García Márquez en Bogotá?",
                ["¿", "Vive", "Gabriel", "García", "Márquez", "en", "Bogotá", "?"],
            ),
            (f"Jose{ACUTE} vive aqui{ACUTE}", [f"Jose{ACUTE}", "vive", f"aqui{ACUTE}"]),
        ],
    )
    @pytest.mark.filterwarnings("ignore:.* have no vector of their own")
    def test_any_language(self, text, tokens):
        tokenizer = Tokenizer(lowercase=False, punctuation=True, char_spans=True)
        batch = tokenizer.transform(["🙂", text])
        assert batch[1:].tokens() == [tokens]
        embedder = Word2VecEmbedder(
            vectors={tokens[1].lower(): [1.0, 2.0]}, lowercase=True, unknown="zero"
        )
        embedded = embedder.fit(batch).transform(batch)[1:]
        assert [text[start:end] for start, end in embedded.char_spans] == tokens
        assert embedded.tokens() == [tokens]
        assert embedded[0].any(axis=1).tolist() == [False, True, *[False] * (len(tokens) - 2)]

    def test_of_a_rewriting_callable_are_refused(self):
        with pytest.raises(ValueError, match=r"'A', which is not in the text after character 0"):
            Tokenizer(tokenizer=split_in_upper_case, char_spans=True).transform(["a b"])

    def test_inverse(self):
        tokenizer = Tokenizer(char_spans=True)
        assert tokenizer.inverse_transform(tokenizer.transform(["A film!", ""])) == ["a film!", ""]


class TestInverse:
    def test_reads_well(self):
        tokens = [
            ["well", ",", "(", "yes", ")", "don't", "!"],
            [],
            ["«", "a", "»", ":", "“", "b", "”"],
        ]
        assert Tokenizer().inverse_transform(tokens) == ["well, (yes) don't!", "", "«a»: “b”"]

    def test_takes_sequences(self):
        batch = Sequences.from_tokens([["a", "."], ["b"]])
        assert Tokenizer().inverse_transform(batch) == ["a.", "b"]

    @pytest.mark.parametrize("punctuation", [False, True])
    @given(texts=TEXTS)
    def test_gives_a_text_of_the_same_tokens(self, punctuation, texts):
        tokenizer = Tokenizer(punctuation=punctuation)
        tokens = tokenizer.transform(texts)
        assert tokenizer.transform(tokenizer.inverse_transform(tokens)) == tokens


class TestTokenizerIsATransformer:
    @pytest.mark.parametrize(
        "texts",
        [
            ["Good film", ""],
            ("Good film", ""),
            np.array(["Good film", ""]),
            np.array(["Good film", ""], dtype=object),
            np.array([["Good film"], [""]]),
            pd.Series(["Good film", ""], index=[7, 7]),
            pd.Series(["Good film", ""], dtype="category"),
            pd.DataFrame({"text": ["Good film", ""]}),
        ],
        ids=lambda texts: type(texts).__name__,
    )
    def test_takes_any_column_of_texts(self, texts):
        before = copy.deepcopy(texts)
        tokens = Tokenizer().fit_transform(texts)
        assert tokens == [["good", "film"], []]
        assert all(type(token) is str for token in tokens[0])
        assert np.array_equal(np.asarray(texts), np.asarray(before))

    def test_equal_tokens_share_one_object(self):
        first, second = Tokenizer().transform(["Good films", "films so GOOD"])
        assert first[0] is second[2]
        assert first[1] is second[0]

    def test_needs_no_fit(self):
        tokenizer = Tokenizer()
        assert tokenizer.fit(["a"]) is tokenizer
        assert not [name for name in vars(tokenizer) if name.endswith("_")]
        assert not tokenizer.__sklearn_tags__().requires_fit

    @pytest.mark.parametrize("tokenizer", TOKENIZERS, ids=repr)
    def test_clones_and_pickles(self, tokenizer):
        texts = ["A good film, İ 3.14<br />x", ""]
        for twin in [clone(tokenizer), pickle.loads(pickle.dumps(tokenizer))]:
            assert twin.get_params() == tokenizer.get_params()
            assert twin.transform(texts) == tokenizer.transform(texts)

    def test_repr_and_set_params(self):
        assert repr(Tokenizer(lowercase=False)) == "Tokenizer(lowercase=False)"
        assert tokenize("A!", punctuation=True) == ["a", "!"]
        assert Tokenizer().set_params(punctuation=True).transform(["A!"]) == [["a", "!"]]
        with pytest.raises(TypeError):
            Tokenizer(False)

    def test_has_no_table_output(self):
        pipe = make_pipeline(Tokenizer(), TokenIndexer())
        with pytest.raises(ValueError, match="`set_output` is not available"):
            pipe.set_output(transform="pandas")
        with pytest.raises(AttributeError, match="get_feature_names_out"):
            pipe.fit(["a"]).get_feature_names_out()

    def test_is_silent(self, capsys):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Tokenizer().fit_transform(["a"])
        assert capsys.readouterr() == ("", "")

    @pytest.mark.parametrize(
        ("texts", "error", "message"),
        [
            ("a bare string", TypeError, "one bare str: 'a bare string'.*pass a list of one"),
            (b"bytes", TypeError, "one bare bytes"),
            (np.array("x"), TypeError, "in a list, tuple, array or Series"),
            (["a", None], TypeError, "Text 1 is None.*every text must be a str.*Fill missing"),
            (["a", float("nan")], TypeError, "Text 1 is nan of type float.*Fill missing"),
            (pd.Series(["a", None]), TypeError, "Text 1 is .*Fill missing"),
            (pd.Series(["a", pd.NA], dtype="string"), TypeError, "Text 1 is <NA>.*Fill missing"),
            ([b"a"], TypeError, "Text 0 is b'a' of type bytes.*Decode"),
            (["a", 3], TypeError, "Text 1 is 3 of type int"),
            (np.array([1.5]), TypeError, "Text 0 is 1.5 of type float"),
            ([["a", "b"]], TypeError, "Text 0 is .* of type list.*look like tokens"),
            ([("a", {"entities": []})], TypeError, "formats.from_spacy_offsets"),
            ([], ValueError, r"Found array with 0 sample\(s\)"),
            (np.array([]), ValueError, r"Found array with 0 sample\(s\)"),
            (np.array([["a", "b"]]), ValueError, r"one column of texts.*\(1, 2\)"),
            (pd.DataFrame({"a": ["x"], "b": ["y"]}), ValueError, "Select the column"),
            (None, TypeError, "None of type NoneType"),
            ({"a", "b"}, TypeError, "of type set.*list"),
            ((text for text in ["a"]), TypeError, "of type generator"),
        ],
    )
    @pytest.mark.parametrize("method", ["fit", "transform", "fit_transform", "find_char_spans"])
    def test_refuses_what_is_no_text(self, method, texts, error, message):
        with pytest.raises(error, match=message):
            getattr(Tokenizer(), method)(texts)

    @pytest.mark.parametrize(
        ("parameters", "error", "message"),
        [
            ({"lowercase": "yes"}, InvalidParameterError, "lowercase"),
            ({"punctuation": None}, InvalidParameterError, "punctuation"),
            ({"strip_html_breaks": 3}, InvalidParameterError, "strip_html_breaks"),
            ({"token_pattern": 3}, InvalidParameterError, "token_pattern"),
            ({"tokenizer": "split"}, InvalidParameterError, "tokenizer"),
            ({"token_pattern": "("}, ValueError, r"'\(' is not a regular expression"),
            ({"token_pattern": "(a)(b)"}, ValueError, "2 groups; at most one"),
            ({"token_pattern": re.compile(b"a")}, TypeError, "got bytes"),
            ({"token_pattern": "a", "tokenizer": list}, ValueError, "Both tokenizer and"),
        ],
    )
    @pytest.mark.parametrize("method", ["fit", "transform", "find_char_spans"])
    def test_refuses_bad_parameters(self, method, parameters, error, message):
        with pytest.raises(error, match=message):
            getattr(Tokenizer(**parameters), method)(["a"])


CORPUS = [["b", "a", "b"], ["c", "a", "b"], [], ["d"]]
TOKENS = st.lists(
    st.lists(st.text(max_size=3) | st.sampled_from(["<pad>", "<unk>", "a", "b"])), min_size=1
).filter(any)


class TestVocabulary:
    def test_by_frequency_then_alphabet(self):
        vocabulary = TokenIndexer().fit(CORPUS).vocabulary_
        assert list(vocabulary.items()) == [("b", 2), ("a", 3), ("c", 4), ("d", 5)]

    @given(tokens=TOKENS, seed=st.integers(0, 9))
    def test_does_not_depend_on_the_order_of_samples(self, tokens, seed):
        shuffled = [tokens[i] for i in np.random.default_rng(seed).permutation(len(tokens))]
        one, other = (TokenIndexer().fit(rows).vocabulary_ for rows in [tokens, shuffled])
        assert list(one.items()) == list(other.items())

    def test_max_tokens_caps_the_whole_vocabulary(self):
        indexer = TokenIndexer(max_tokens=4).fit(CORPUS)
        assert list(indexer.vocabulary_) == ["b", "a"]
        assert np.asarray(indexer.transform(CORPUS)).max() < 4
        assert len(TokenIndexer(max_tokens=100).fit(CORPUS).vocabulary_) == 4

    def test_min_count(self):
        assert list(TokenIndexer(min_count=2).fit(CORPUS).vocabulary_) == ["b", "a"]

    def test_must_not_be_empty(self):
        with pytest.raises(ValueError, match=r"Empty vocabulary.*Lower min_count"):
            TokenIndexer().fit([[], []])
        with pytest.raises(ValueError, match="min_count=9 times, the most frequent one 3 times"):
            TokenIndexer(min_count=9).fit(CORPUS)

    def test_of_a_slice_holds_no_other_category(self):
        batch = Sequences.from_tokens(CORPUS)
        assert set(TokenIndexer().fit(batch[:1]).vocabulary_) == {"a", "b"}

    @pytest.mark.parametrize(
        "vocabulary",
        [
            ["x", "y"],
            ("x", "y"),
            np.array(["x", "y"]),
            ["<pad>", "<unk>", "x", "y"],
            {"y": 3, "x": 2},
            {"y": np.int64(3), "x": 2, "<unk>": 1},
            {"<pad>": 0, "<unk>": 1, "x": 2, "y": 3},
            TokenIndexer().fit([["x", "x", "y"]]).vocabulary_,
        ],
    )
    def test_may_be_given(self, vocabulary):
        indexer = TokenIndexer(vocabulary=vocabulary).fit([["a", "y"]])
        assert list(indexer.vocabulary_.items()) == [("x", 2), ("y", 3)]
        assert all(type(token) is str for token in indexer.vocabulary_)
        tokens = [["y", "a", "x", "<pad>", "<unk>"]]
        assert np.asarray(indexer.transform(tokens)).tolist() == [[3, 1, 2, 1, 1]]

    @pytest.mark.parametrize(
        "vocabulary",
        [["<unk>", "a", "<pad>"], ["<pad>", "<unk>", "<unk>", "a", "<pad>"],
         {"<unk>": 2, "a": 3, "<pad>": 4}],
    )  # fmt: skip
    def test_may_hold_tokens_spelled_like_padding(self, vocabulary):
        indexer = TokenIndexer(vocabulary=vocabulary).fit(CORPUS)
        assert indexer.vocabulary_ == {"<unk>": 2, "a": 3, "<pad>": 4}

    @pytest.mark.parametrize(
        ("vocabulary", "error", "message"),
        [
            ([], ValueError, "empty"),
            ({}, ValueError, "empty"),
            (["<pad>", "<unk>"], ValueError, "empty"),
            (["a", "b", "a"], ValueError, r"more than once: \['a'\]"),
            (["<pad>", "a", "<pad>"], ValueError, r"more than once: \['<pad>'\]"),
            (["a", 3], TypeError, "must be a str, got 3 of type int"),
            (["a", None], TypeError, "must be a str, got None"),
            ({1: 2}, TypeError, "must be a str, got 1"),
            ({"a": "2"}, TypeError, "an int id"),
            ({"a": 2.0}, TypeError, "an int id"),
            ({"a": 0, "b": 1}, ValueError, "ids from 2 to 3 without gap or repeat"),
            ({"a": 2, "b": 4}, ValueError, "without gap"),
            ({"a": 2, "b": 2}, ValueError, "without gap"),
            ({"a": -1, "b": 2}, ValueError, "without gap"),
            ({"<unk>": 0, "<pad>": 1, "a": 2}, ValueError, "0 is '<pad>'"),
            ({"<pad>": 2, "a": 0}, ValueError, "0 is '<pad>'"),
            ("abc", InvalidParameterError, "vocabulary"),
            ({"a", "b"}, InvalidParameterError, "vocabulary"),
        ],
    )
    def test_given_wrong(self, vocabulary, error, message):
        with pytest.raises(error, match=message):
            TokenIndexer(vocabulary=vocabulary).fit(CORPUS)

    def test_given_makes_limits_idle(self):
        with pytest.warns(UserWarning, match="no effect on a given vocabulary"):
            TokenIndexer(vocabulary=["a"], max_tokens=3).fit(CORPUS)
        with pytest.warns(UserWarning, match="no effect on a given vocabulary"):
            TokenIndexer(vocabulary=["a"], min_count=3).fit(CORPUS)


class TestIndexing:
    def test_gives_sequences_of_the_vocabulary(self):
        indexer = TokenIndexer(max_tokens=4).fit(CORPUS)
        batch = indexer.transform(CORPUS)
        assert isinstance(batch, Sequences)
        assert batch.vectors is None
        assert list(batch.categories) == ["<pad>", "<unk>", *indexer.vocabulary_]
        assert np.asarray(batch).tolist() == [[2, 3, 2], [1, 3, 2], [0, 0, 0], [1, 0, 0]]

    @given(tokens=TOKENS)
    def test_round_trip(self, tokens):
        indexer = TokenIndexer().fit(tokens)
        batch = indexer.transform(tokens)
        assert indexer.inverse_transform(batch) == tokens
        assert indexer.inverse_transform(np.asarray(batch)) == tokens
        assert indexer.inverse_transform([row.tolist() for row in batch]) == tokens

    @given(tokens=TOKENS, max_tokens=st.integers(3, 6))
    def test_ways_agree(self, tokens, max_tokens):
        indexer = TokenIndexer(max_tokens=max_tokens)
        batch = indexer.fit_transform(tokens)
        for other in [
            indexer.transform(tokens),
            indexer.transform(Sequences.from_tokens(tokens)),
            TokenIndexer(max_tokens=max_tokens)
            .fit(Sequences.from_tokens(tokens))
            .transform(tokens),
            TokenIndexer(vocabulary=indexer.vocabulary_).fit(tokens).transform(tokens),
        ]:
            assert np.array_equal(other.codes, batch.codes)
            assert np.array_equal(other.offsets, batch.offsets)
            assert list(other.categories) == list(batch.categories)

    def test_padding_and_unknown_are_ids_and_not_spellings(self):
        tokens = [["<unk>", "a", "<pad>", "a"]]
        indexer = TokenIndexer().fit(tokens)
        assert indexer.vocabulary_ == {"a": 2, "<pad>": 3, "<unk>": 4}
        assert indexer.transform(tokens).codes.tolist() == [4, 2, 3, 2]
        assert indexer.inverse_transform(indexer.transform(tokens)) == tokens
        assert TokenIndexer().fit([["a"]]).transform(tokens).codes.tolist() == [1, 2, 1, 2]

    def test_unknown_and_empty_samples_are_legal(self):
        batch = TokenIndexer().fit(CORPUS).transform([[], ["never", "seen"]])
        assert batch.lengths.tolist() == [0, 2]
        assert batch.codes.tolist() == [1, 1]

    def test_inverse_of_sequences_without_categories(self):
        indexer = TokenIndexer().fit(CORPUS)
        assert indexer.inverse_transform(Sequences([2, 0, 1], [0, 3])) == [["b", "<unk>"]]

    def test_inverse_of_foreign_sequences_keeps_their_strings(self):
        indexer = TokenIndexer().fit(CORPUS)
        foreign = Sequences.from_tokens([["never", "seen"]])
        assert indexer.inverse_transform(foreign) == [["never", "seen"]]

    @pytest.mark.parametrize(
        ("ids", "error", "message"),
        [
            ([[2, 6]], ValueError, "between 0 and 5.*got 2 to 6"),
            ([[-1]], ValueError, "between 0 and 5"),
            ([[2**32 + 2]], ValueError, "between 0 and 5"),
            (np.array([[2**63]], dtype=np.uint64), ValueError, "between 0 and 5"),
            (Sequences([9], [0, 1]), ValueError, "between 0 and 5"),
            ([[2.0]], TypeError, r"Sample 0 is \[2.0\]; ids are one list of int"),
            (np.ones((2, 3)), TypeError, "Sample 0"),
            ([2, 3], TypeError, "Sample 0 is 2"),
            ([[2], [[3]]], TypeError, "Sample 1"),
            ([["a"]], TypeError, r"Sample 0 is \['a'\]"),
            ([[True]], TypeError, "Sample 0"),
            ("abc", TypeError, "bare str"),
            (None, TypeError, "None"),
        ],
    )
    def test_inverse_refuses_what_is_no_id(self, ids, error, message):
        with pytest.raises(error, match=message):
            TokenIndexer().fit(CORPUS).inverse_transform(ids)


def test_the_vocabulary_size_is_what_an_estimator_of_the_ids_wants():
    tokens = [["a", "good", "film"], ["a", "bad", "film"]] * 4
    indexer = TokenIndexer().fit(tokens)
    assert indexer.vocabulary_size_ == len(indexer.vocabulary_) + 2 == 6
    ids = np.asarray(indexer.transform(tokens))
    classifier = LSTMClassifier(vocabulary_size=indexer.vocabulary_size_, max_epochs=1)
    assert classifier.fit(ids, [1, 0] * 4).predict(ids).shape == (8,)
    with pytest.raises(NotFittedError):
        TokenIndexer().vocabulary_size_  # noqa: B018


class TestTokenIndexerIsATransformer:
    @pytest.mark.parametrize(
        "tokens",
        [
            [["a", "b"], ["b"]],
            (("a", "b"), ("b",)),
            [np.array(["a", "b"]), np.array(["b"], dtype=object)],
            pd.Series([["a", "b"], ["b"]]),
            pd.DataFrame({"tokens": [["a", "b"], ["b"]]}),
            Sequences.from_tokens([["a", "b"], ["b"]]),
        ],
        ids=lambda tokens: type(tokens).__name__,
    )
    def test_takes_any_lists_of_tokens(self, tokens):
        before = copy.deepcopy(tokens)
        indexer = TokenIndexer()
        batch = indexer.fit_transform(tokens)
        assert np.asarray(batch).tolist() == [[3, 2], [2, 0]]
        assert all(type(token) is str for token in indexer.vocabulary_)
        assert str(tokens) == str(before)

    def test_needs_fit(self):
        for method in ["transform", "inverse_transform"]:
            with pytest.raises(NotFittedError):
                getattr(TokenIndexer(), method)([["a"]])

    def test_fit_returns_self(self):
        indexer = TokenIndexer()
        assert indexer.fit(CORPUS) is indexer

    def test_clones_and_pickles(self):
        indexer = TokenIndexer(max_tokens=5, min_count=2, vocabulary=None).fit(CORPUS)
        twin = pickle.loads(pickle.dumps(indexer))
        assert list(twin.vocabulary_.items()) == list(indexer.vocabulary_.items())
        assert clone(indexer).get_params() == indexer.get_params()
        assert not hasattr(clone(indexer), "vocabulary_")
        given = TokenIndexer(vocabulary={"a": 2})
        assert clone(given).get_params() == given.get_params()
        assert repr(indexer) == "TokenIndexer(max_tokens=5, min_count=2)"

    def test_in_a_pipeline(self):
        texts = pd.Series(["A good film!", "a BAD film", ""])
        pipe = make_pipeline(Tokenizer(punctuation=False), TokenIndexer())
        batch = pickle.loads(pickle.dumps(clone(pipe).fit(texts))).transform(texts)
        assert np.asarray(batch).tolist() == [[2, 5, 3], [2, 4, 3], [0, 0, 0]]
        assert pipe.fit(texts).inverse_transform(batch) == ["a good film", "a bad film", ""]

    @pytest.mark.parametrize(
        ("tokens", "error", "message"),
        [
            (["a text"], TypeError, "Sample 0 is 'a text'.*raw texts: put a Tokenizer first"),
            (np.array(["a", "b"]), TypeError, "put a Tokenizer first"),
            ("a text", TypeError, "one bare str"),
            ([["a"], None], TypeError, "Sample 1 is None"),
            ([["a"], ["b", 3]], TypeError, "Token 1 of sample 1 is 3 of type int"),
            ([["a", None]], TypeError, "Token 1 of sample 0 is None"),
            ([[b"a"]], TypeError, "Token 0 of sample 0 is b'a'"),
            ([{"a"}], TypeError, "Sample 0 is {'a'} of type set"),
            (np.array([[1, 2]]), TypeError, "Token 0 of sample 0 is 1"),
            ([], ValueError, r"Found array with 0 sample\(s\)"),
            (Sequences([2], [0, 1]), ValueError, "ids without their strings"),
            (Sequences.from_tokens([["a"]])[:0], ValueError, r"Found array with 0 sample\(s\)"),
        ],
    )
    @pytest.mark.parametrize("method", ["fit", "fit_transform", "transform"])
    def test_refuses_what_are_no_tokens(self, method, tokens, error, message):
        indexer = TokenIndexer().fit(CORPUS)
        with pytest.raises(error, match=message):
            getattr(indexer, method)(tokens)

    @pytest.mark.parametrize(
        "parameters",
        [
            {"max_tokens": 2},
            {"max_tokens": 5.0},
            {"max_tokens": "all"},
            {"min_count": 0},
            {"min_count": 0.5},
            {"min_count": None},
        ],
    )
    def test_refuses_bad_parameters(self, parameters):
        with pytest.raises(InvalidParameterError, match=next(iter(parameters))):
            TokenIndexer(**parameters).fit(CORPUS)
