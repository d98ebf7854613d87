"""Recurrent and recursive neural networks as spaCy pipeline components."""

__version__ = "0.1.0"
