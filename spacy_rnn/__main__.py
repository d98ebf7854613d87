"""`python -m spacy_rnn` is the `spacy-rnn` command."""

from .cli import main

if __name__ == "__main__":
    main()
