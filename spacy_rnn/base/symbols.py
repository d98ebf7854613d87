"""Numbers of symbols that every vocabulary of an encoder and decoder has. Needs no torch."""

UNKNOWN, END = 0, 1
"""A symbol without a number of its own, which is never written but can be copied; and the end of a sequence, which also
stands before the first symbol that is written."""

FIRST = 2
"""The number of the first symbol that is none of these."""
