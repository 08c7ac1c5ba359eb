"""The pattern of words, by the word boundaries of Unicode (UAX 29)."""

import re
from functools import cache

import regex

CHARACTERS = "".join(map(chr, (*range(0x40000), *range(0xE0000, 0xE1000))))  # the rest is private
EXTEND = r"\p{WB=Extend}\u200d"  # combining marks, variation selectors, skin tones, joiners
APART = r"\p{Script=Han}\p{Script=Hiragana}\p{LB=SA}"  # of scripts that leave no blanks
KATAKANA = r"\p{WB=Katakana}"
# Full stop and colon separate words, as the underscore does: "bad.The end", "Plot:weak"
WITHIN_WORDS = "['\u2018\u2019\uff07\u00b7\u0387\u055f\u05f4\u2027]"
WITHIN_NUMBERS = r".,;'\u2018\u2019\uff07\u2024\ufe52\uff0e\u202f\p{WB=MidNum}"

ASCII_WORD = (
    "[a-zA-Z0-9]++"
    r"(?:(?=[',.;])(?:(?<=[a-zA-Z])'(?=[a-zA-Z])|(?<=\d)[',.;](?=\d))[a-zA-Z0-9]++)*+"
)
ASCII_SYMBOL = r"[!-/:-@\[-`{-~]"


@cache
def word_pattern(punctuation, is_ascii):
    """Compile the pattern of words.

    Parameters
    ----------
    punctuation : bool
        Whether it also matches each punctuation mark, symbol and emoji.
    is_ascii : bool
        Whether it is for texts of ASCII characters only, in which it finds the same in less
        time.

    Returns
    -------
    re.Pattern
        Its matches are the tokens.
    """
    if is_ascii:
        return re.compile(f"{ASCII_WORD}|{ASCII_SYMBOL}" if punctuation else ASCII_WORD)
    extend, form = _any_of(EXTEND), _any_of(r"\p{WB=Format}")
    chars = _any_of(
        r"\p{L}\p{N}\p{WB=ALetter}\p{WB=Numeric}", APART + KATAKANA + EXTEND, times="++"
    )
    katakana = _any_of(KATAKANA, times="++")
    kinds = [
        # most words end before a blank: one look at it saves all others
        rf"{chars}(?:(?=['\",.;\x80-\U0010ffff])(?:{_joints(chars, extend, form)}))*+",
        f"{katakana}(?:{extend}++(?:{katakana})?+|{form}++{katakana})*+",
        f"{_any_of(APART, EXTEND + KATAKANA)}{extend}*+",
    ]
    if punctuation:
        invisible = _any_of(rf"\p{{Cc}}\p{{Cf}}\p{{DI}}{EXTEND}")
        picture = _any_of(r"\p{Extended_Pictographic}")
        kinds += [
            f"[\U0001f1e6-\U0001f1ff]{{2}}{extend}*+",  # a flag is a pair of letters
            rf"{picture}{extend}*+(?:(?<=\u200d){picture}{extend}*+)*+",
            rf"(?!{invisible})\S{extend}*+",
        ]
    return re.compile("|".join(kinds))


def _joints(chars, extend, form):
    """Write what may follow the characters of a word within it."""
    letter = _any_of(r"\p{WB=ALetter}\p{WB=Hebrew_Letter}", APART)
    hebrew = _any_of(r"\p{WB=Hebrew_Letter}")
    digit = _any_of(r"\p{Nd}\p{WB=Numeric}")

    def between(neighbour, separator):
        inner = f"{form}*+{separator}(?:{extend}|{form})*+"
        behind = "|".join(
            f"(?<={before})" for before in (neighbour, neighbour + extend, extend + extend)
        )  # re looks back at a fixed number of characters
        return f"(?={inner}{neighbour})(?:{behind}){inner}{chars}"

    return "|".join(
        [
            between(letter, WITHIN_WORDS),
            between(digit, _any_of(WITHIN_NUMBERS)),
            between(hebrew, '"'),
            f"(?:(?<={hebrew})|(?<={hebrew}{extend}))'",  # a geresh, as it is typed
            f"{extend}++(?:{chars})?+",
            f"{form}++(?:(?={extend})|{chars})",  # at the end of a word it is no part of it
        ]
    )


@cache
def unneeded_blank():
    """Compile the pattern of a blank that scripts without blanks do not set.

    Returns
    -------
    re.Pattern
        It matches the blank alone.
    """
    apart, katakana, extend = _any_of(APART, KATAKANA), _any_of(KATAKANA), _any_of(EXTEND)
    closing = "[\u3001\u3002\u3009\u300b\u300d\u300f\u3011\uff01\uff09\uff0c\uff1a\uff1b\uff1f]"
    opening = "[\u3008\u300a\u300c\u300e\u3010\uff08]"
    before = f"(?:(?<={apart})|(?<={apart}{extend})|(?<={closing}))"
    return re.compile(
        f" (?={closing})|(?<={opening}) |(?<={katakana}) (?={apart})"
        f"|{before} (?=(?:{apart}|{katakana}|{opening}))"
    )


@cache
def _any_of(included, excluded="", times=""):
    """Write a set of characters out for re, which finds words in a third of regex's time."""
    pattern = f"[[{included}]--[{excluded}]]+" if excluded else f"[{included}]+"
    runs = regex.findall(pattern, CHARACTERS, regex.V1)
    low, high = (
        "".join(f"\\U{ord(run[0]):08x}-\\U{ord(run[-1]):08x}" for run in runs if test(run[0]))
        for test in ("\uffff".__ge__, "\uffff".__lt__)
    )
    if not high:
        return f"[{low}]{times}"
    # re looks a character up below U+10000, and tries one range after the other beyond
    return f"(?:[{low}]{times}|(?=[\U00010000-\U0010ffff])[{high}]{times}){times}"
