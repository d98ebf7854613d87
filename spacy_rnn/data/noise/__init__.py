"""Noise in the words of a corpus: case, missing diacritics, slips of the keyboard, missing punctuation."""

from .augmenter import Augmenter, Noise, NoisyExample, augmented, build_noise_v1, in_epoch
from .conditions import conditions

__all__ = ["Augmenter", "Noise", "NoisyExample", "augmented", "build_noise_v1", "conditions", "in_epoch"]
