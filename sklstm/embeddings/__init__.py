"""Word vectors, trained by gensim or pretrained."""

from sklstm.embeddings._embedder import Word2VecEmbedder

__all__ = ["Word2VecEmbedder"]
