"""Architectures: Thinc models built from torch modules, registered as `spacy-rnn.NAME.v1`."""
