"""The text of converted corpora, for language models."""

from pathlib import Path
from typing import Iterable

import spacy

from ..base.files import replaced_folder
from ..lm.text import paragraphs
from .spacy_files import read_docs


def write_text(corpus_dir: Path, output_dir: Path, more: Iterable[Path] = ()) -> int:
    """Write train.txt and dev.txt, a document a line, of a folder that `convert_treebank` or `convert_textcat` made.
    The test set stays out of it.

    more: text files that are added to train.txt, plain or compressed, a paragraph a line.
    Returns the number of characters in train.txt. Raises CorpusError if a file is not there.
    """
    vocab = spacy.blank("xx").vocab
    with replaced_folder(output_dir, checked=True) as folder:
        for split in ("train", "dev"):
            path = corpus_dir / f"{split}.spacy"
            with (folder / f"{split}.txt").open("w", encoding="utf8") as target:
                for doc in read_docs(path, vocab):
                    target.write(" ".join(doc.text.split()) + "\n")
                for extra in more if split == "train" else ():
                    target.writelines(f"{line}\n" for _, line in paragraphs(extra))
        return len((folder / "train.txt").read_text(encoding="utf8"))
