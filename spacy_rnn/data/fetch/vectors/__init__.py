"""Word vectors out of package archives, as folders that `initialize.vectors` and `spacy.load` take."""
