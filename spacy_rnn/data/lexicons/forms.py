"""The forms of a corpus, to keep only these of a dictionary."""

from pathlib import Path
from typing import Set

import numpy as np
import spacy

from ...models.embed.lexicon import SPELLINGS
from ...models.types import WordTypes
from ..convert import SPLITS
from ..spacy_files import read_docs


def corpus_forms(path: Path) -> Set[int]:
    """The hashes under which the words of a corpus are looked up. path: a .spacy file, or a folder that
    `convert_treebank` or `convert_textcat` made. Raises CorpusError if it is missing or damaged."""
    vocab = spacy.blank("xx").vocab
    paths = [path / f"{split}.spacy" for split in SPLITS] if path.is_dir() else [path]
    orths = {token.orth for file in paths for doc in read_docs(file, vocab) for token in doc}
    words = np.array(sorted(orths), dtype=np.uint64)
    types = WordTypes(words, np.ones(len(words), dtype=np.int64), vocab)
    return {key for spell in SPELLINGS for key in spell(types).tolist()}
