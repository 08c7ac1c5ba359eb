"""The pattern of words, by the word boundaries of Unicode (UAX 29)."""

import re
from functools import cache

import regex

CHARACTERS = "".join(map(chr, (*range(0x40000), *range(0xE0000, 0xE1000))))  # the rest is private
FORMAT = r"\p{WB=Format}"  # invisible: of direction, joining and so on
EXTEND = r"\p{WB=Extend}\u200d"  # combining marks, variation selectors, skin tones, joiners
APART = r"\p{Script=Han}\p{Script=Hiragana}\p{LB=SA}"  # of scripts that leave no blanks
KATAKANA = r"\p{WB=Katakana}"
# Full stop and colon separate words, as the underscore does: "bad.The end", "Plot:weak"
WITHIN_WORDS = "['\u2018\u2019\uff07\u00b7\u0387\u055f\u05f4\u2027]"
WITHIN_NUMBERS = r".,;'\u2018\u2019\uff07\u2024\ufe52\uff0e\u202f\p{WB=MidNum}"

BEYOND = "(?=[\U00010000-\U0010ffff])"  # re looks others up, and searches these range by range

ASCII_WORD = (
    "[a-zA-Z0-9]++"
    r"(?:(?=[',.;])(?:(?<=[a-zA-Z])'(?=[a-zA-Z])|(?<=\d)[',.;](?=\d))[a-zA-Z0-9]++)*"
)
ASCII_SYMBOL = r"[!-/:-@\[-`{-~]"

# What carries feeling: marks of exclamations and questions in any script, and emoticons of ASCII.
MARKS = "!?\u037e\u055c\u055e\u061f\u1367\u203c-\u203d\u2047-\u2049\ufe56-\ufe57\uff01\uff1f"
MOUTHS = r"(?:\){1,3}|\({1,3}|[\]\[|*])"
EMOTICON = "|".join(
    [
        rf"[:;=]'?-?{MOUTHS}",  # :) ;-( =))
        r"(?<!\w)[:;=]'?-?(?:[/\\](?!/)|[DPpOo](?!\w))",  # :D and :/, but no http://
        r"\(-?[:;=](?!\w)",  # (:
        r"\){2,3}|\({2,3}",  # a smile without eyes, as in Russian; longer ones are several tokens
        r"</?3+(?!\w)",
        r"\^[_.-]?\^|>[_.]<|-_+-|;_+;",
    ]
)
EXPRESSIVE = rf"(?=[{MARKS}:;=<>()^-])(?:{EMOTICON}|[{MARKS}])"  # one look saves the others


@cache
def word_pattern(punctuation, is_ascii):
    """Compile the pattern of words, and of each mark, symbol and emoji with `punctuation`.

    If that is ``"expressive"``, only of emoticons, emoji, and marks of exclamations and questions.
    For texts of ASCII characters only, `is_ascii` finds the same in less time.
    """
    expressive = punctuation == "expressive"
    if is_ascii:
        others = [EXPRESSIVE] if expressive else [ASCII_SYMBOL] if punctuation else []
        return re.compile("|".join([ASCII_WORD, *others]))
    chars = _run_of(r"\p{L}\p{N}\p{WB=ALetter}\p{WB=Numeric}", APART + KATAKANA + EXTEND)
    katakana, mark, form = _run_of(KATAKANA), _run_of(EXTEND), _run_of(FORMAT)
    marks = f"(?:{mark})*"
    kinds = [
        # most words end before a blank: one look at it saves all others
        rf"{chars}(?:(?=['\",.;\x80-\U0010ffff])(?:{_joints(chars)}))*",
        f"{katakana}(?:{katakana}|{mark}|{form}{katakana})*",
        f"{_any_of(APART, EXTEND + KATAKANA)}{marks}",
    ]
    if punctuation:
        picture = _any_of(r"\p{Extended_Pictographic}")
        pictures = rf"{picture}{marks}(?:(?<=\u200d){picture}{marks})*"
        flag = f"[\U0001f1e6-\U0001f1ff]{{2}}{marks}"  # a pair of letters
        if expressive:
            kinds += [rf"{EXPRESSIVE}{marks}", rf"(?![©®™]){pictures}", flag]
        else:
            invisible = _any_of(rf"\p{{Cc}}\p{{Cf}}\p{{DI}}{EXTEND}")
            kinds += [flag, pictures, rf"(?!{invisible})\S{marks}"]
    return re.compile("|".join(kinds))


def _joints(chars):
    """Write what may follow the characters of a word within it."""
    letter = _any_of(r"\p{WB=ALetter}\p{WB=Hebrew_Letter}", APART)
    hebrew = _any_of(r"\p{WB=Hebrew_Letter}")
    digit = _any_of(r"\p{Nd}\p{WB=Numeric}")
    extend, form = _any_of(EXTEND), _run_of(FORMAT)

    def between(neighbour, separator):
        inner = f"(?:{form})?{separator}(?:{_run_of(EXTEND + FORMAT)})*"
        behind = "|".join(
            f"(?<={before})" for before in (neighbour, neighbour + extend, extend + extend)
        )
        return f"(?={inner}{neighbour})(?:{behind}){inner}{chars}"

    return "|".join(
        [
            between(letter, WITHIN_WORDS),
            between(digit, _any_of(WITHIN_NUMBERS)),
            between(hebrew, '"'),
            f"(?:(?<={hebrew})|(?<={hebrew}{extend}))'",  # a geresh, as it is typed
            f"{_run_of(EXTEND)}(?:{chars})?",
            f"{form}(?:(?={extend})|{chars})",  # at the end of a word it is no part of it
            BEYOND + chars,
        ]
    )


@cache
def unneeded_blank():
    """Compile the pattern of a blank that scripts without blanks do not set."""
    apart, katakana, extend = _any_of(APART, KATAKANA), _any_of(KATAKANA), _any_of(EXTEND)
    closing = "[\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f]"
    opening = "[\u3008\u300a\u300c\u300e\u3010\uff08]"
    before = f"(?:(?<={apart})|(?<={apart}{extend})|(?<={closing}))"
    return re.compile(
        f" (?={closing})|(?<={opening}) |(?<={katakana}) (?={apart})"
        f"|{before} (?=(?:{apart}|{katakana}|{opening}))"
    )


def _any_of(included, excluded=""):
    """Write a set of characters out for re, which finds words in a third of regex's time."""
    low, high = _ranges(included, excluded)
    return f"(?:[{low}]|{BEYOND}[{high}])" if high else f"[{low}]"


def _run_of(included, excluded=""):
    """Write out a run of characters of a set."""
    low, high = _ranges(included, excluded)
    # a possessive group would be wrong before Python 3.11.5
    return f"(?:[{low}]++|{BEYOND}[{high}]++[{low}]*+)" if high else f"[{low}]++"


@cache
def _ranges(included, excluded):
    """List the ranges of a set below U+10000 and those beyond."""
    pattern = f"[[{included}]--[{excluded}]]+" if excluded else f"[{included}]+"
    low, high = [], []
    for run in regex.findall(pattern, CHARACTERS, regex.V1):
        part = low if run[0] < "\U00010000" else high
        part.append(f"\\U{ord(run[0]):08x}-\\U{ord(run[-1]):08x}")
    return "".join(low), "".join(high)
