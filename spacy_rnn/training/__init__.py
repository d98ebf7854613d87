"""Training as `spacy train` does it, in one process or several, that can be ended at any point and go on."""

from .launch import train

__all__ = ["train"]
