"""Ready word vectors on the web: where they are, what they are, and what may be done with them."""

from typing import NamedTuple

GENSIM = "https://github.com/RaRe-Technologies/gensim-data/releases/download"
STANFORD = "https://nlp.stanford.edu/data"
FASTTEXT = "https://dl.fbaipublicfiles.com/fasttext/vectors-english"

PDDL = "PDDL 1.0, public domain, https://opendatacommons.org/licenses/pddl/1-0/"
CC_BY = "CC BY 4.0, name the authors, https://creativecommons.org/licenses/by/4.0/"
CC_BY_SA = (
    "CC BY-SA 3.0, name the authors and share what you make of them alike, "
    "https://creativecommons.org/licenses/by-sa/3.0/"
)
NOT_STATED = "not stated, by Google, who published them"

LOWER = "lower-cased words"
CASED = "words with their case"
LEMMAS = "lemmas with their part of speech, such as 'слово_NOUN'"


class ReadyVectors(NamedTuple):
    """A file of word vectors on the web; `hash` is what its contents must have."""

    url: str
    hash: str  # of the file: its algorithm, a colon, and the digest
    megabytes: int  # of the download
    n_tokens: int  # about
    width: int
    licence: str
    language: str = "English"
    tokens: str = LOWER
    corpus: str = ""
    member: str | None = None  # the file to read, if the download is a zip archive

    @property
    def file_name(self):
        """The name of the downloaded file."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def short_licence(self):
        """The name of the licence."""
        return self.licence.partition(",")[0]


WIKIPEDIA = {"corpus": "Wikipedia 2014 and Gigaword 5, 6 billion tokens"}
TWITTER = {"corpus": "2 billion tweets, 27 billion tokens"}
NEWS = {
    "tokens": CASED,
    "corpus": "Wikipedia 2017, the UMBC web base corpus and statmt.org news, 16 billion tokens",
}
# The SHA-256 digests are those that torchtext and Julia's Embeddings.jl check.
GLOVE_6B = "sha256:617afb2fe6cbd085c235baf7a465b96f4112bd7f7ccb2b2cbd649fed9cbcf2fb"
GLOVE_42B = "sha256:03d5d7fa28e58762ace4b85fb71fe86a345ef0b5ff39f5390c14869da0fc1970"
GLOVE_840B = "sha256:c06db255e65095393609f19a4cfca20bf3a71e20cc53e892aafa490347e3849f"
WIKI_NEWS = "sha256:bdeb85f44892c505953e3654183e9cb0d792ee51be0992460593e27198d746f8"
CRAWL = "sha256:5bfffffbabdab299d4c9165c47275e8f982807a6eaca37ee1f71d3a79ddb544d"
ARCHIVES = {
    **{
        f"glove-6b-{width}": ReadyVectors(
            *(f"{STANFORD}/glove.6B.zip", GLOVE_6B, 862, 400_000, width, PDDL),
            **WIKIPEDIA,
            member=f"glove.6B.{width}d.txt",
        )
        for width in (50, 100, 200, 300)
    },
    "glove-42b-300": ReadyVectors(
        *(f"{STANFORD}/glove.42B.300d.zip", GLOVE_42B, 1878, 1_900_000, 300, PDDL),
        corpus="Common Crawl, 42 billion tokens",
        member="glove.42B.300d.txt",
    ),
    "glove-840b-300": ReadyVectors(
        *(f"{STANFORD}/glove.840B.300d.zip", GLOVE_840B, 2177, 2_200_000, 300, PDDL),
        tokens=CASED,
        corpus="Common Crawl, 840 billion tokens",
        member="glove.840B.300d.txt",
    ),
    "fasttext-wiki-news-300": ReadyVectors(
        *(f"{FASTTEXT}/wiki-news-300d-1M.vec.zip", WIKI_NEWS, 682, 1_000_000, 300, CC_BY_SA),
        **NEWS,
        member="wiki-news-300d-1M.vec",
    ),
    "fasttext-crawl-300": ReadyVectors(
        *(f"{FASTTEXT}/crawl-300d-2M.vec.zip", CRAWL, 1524, 2_000_000, 300, CC_BY_SA),
        tokens=CASED,
        corpus="Common Crawl, 600 billion tokens",
        member="crawl-300d-2M.vec",
    ),
}

# Names, MD5 digests and sizes are those in list.json of gensim-data, which gensim's downloader
# checks too.
GLOVE_OF_GENSIM = {
    "glove-wiki-gigaword-50": ("c289bc5d7f2f02c6dc9f2f9b67641813", 69),
    "glove-wiki-gigaword-100": ("40ec481866001177b8cd4cb0df92924f", 134),
    "glove-wiki-gigaword-200": ("59652db361b7a87ee73834a6c391dfc1", 264),
    "glove-wiki-gigaword-300": ("29e9329ac2241937d55b852e8284e89b", 394),
    "glove-twitter-25": ("50db0211d7e7a2dcd362c6b774762793", 110),
    "glove-twitter-50": ("c168f18641f8c8a00fe30984c4799b2b", 209),
    "glove-twitter-100": ("b04f7bed38756d64cf55b58ce7e97b15", 406),
    "glove-twitter-200": ("e52e8392d1860b95d5308a525817d8f9", 795),
}


def _of_gensim(name, md5, *figures, **fields):
    return ReadyVectors(f"{GENSIM}/{name}/{name}.gz", f"md5:{md5}", *figures, **fields)


def _glove_of_gensim(name, md5, megabytes):
    n_tokens, corpus = (1_193_514, TWITTER) if "twitter" in name else (400_000, WIKIPEDIA)
    return _of_gensim(name, md5, megabytes, n_tokens, int(name.rsplit("-", 1)[1]), PDDL, **corpus)


REGISTRY = {
    **{name: _glove_of_gensim(name, *entry) for name, entry in GLOVE_OF_GENSIM.items()},
    **ARCHIVES,
    "fasttext-wiki-news-subwords-300": _of_gensim(
        "fasttext-wiki-news-subwords-300",
        *("de2bb3a20c46ce65c9c131e1ad9a77af", 1005, 999_999, 300, CC_BY_SA),
        **NEWS,
    ),
    "word2vec-google-news-300": _of_gensim(
        "word2vec-google-news-300",
        *("a5e5354d40acb95f9ec66d5977d140ef", 1744, 3_000_000, 300, NOT_STATED),
        tokens="words and phrases with their case",
        corpus="Google News, 100 billion tokens",
    ),
    "word2vec-ruscorpora-300": _of_gensim(
        "word2vec-ruscorpora-300",
        *("9bdebdc8ae6d17d20839dd9b5af10bc4", 208, 184_973, 300, CC_BY),
        language="Russian",
        tokens=LEMMAS,
        corpus="the Russian National Corpus, 250 million words",
    ),
}


def describe(name):
    """Describe ready vectors in a few lines."""
    entry = REGISTRY[name]
    return (
        f"{name}: {entry.n_tokens:,} vectors of {entry.width} numbers, {entry.language}, "
        f"{entry.tokens}.\nTrained on {entry.corpus}.\nFrom {entry.url} ({entry.megabytes:,} MB).\n"
        f"Licence: {entry.licence}"
    )


def list_names():
    """List the known names with size and licence, one a line, for an error message."""
    width = max(map(len, REGISTRY))
    return "\n".join(
        f"  {name:<{width}}  {entry.megabytes:>5,} MB  {entry.language}, {entry.short_licence}"
        for name, entry in REGISTRY.items()
    )
