"""Word vectors, as folders that `initialize.vectors` and `spacy.load` take: out of packages, or made from text."""
