"""Corpora: where they come from, how they are read, and how they become spaCy's binary format."""
