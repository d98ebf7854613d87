"""The text of converted corpora, for language models."""

from pathlib import Path
from typing import Dict, Iterable, List

import spacy

from ..base.files import replaced_folder
from .spacy_files import read_docs
from .text_files import read_lines


def write_text(corpus_dir: Path, output_dir: Path, more: Iterable[Path] = ()) -> int:
    """Write train.txt and dev.txt, a document a line, from a folder that `convert_treebank` or `convert_textcat` made.
    The test set is left out.

    more: text files that are added to train.txt, plain or compressed, a paragraph a line.
    Returns the number of characters in train.txt. Raises CorpusError if a file is missing or damaged.
    """
    vocab = spacy.blank("xx").vocab
    written = {}
    added: Dict[str, List[Path]] = {"train": list(more), "dev": []}
    paths = {split: corpus_dir / f"{split}.spacy" for split in added}
    with replaced_folder(output_dir, checked=True, inputs=[*paths.values(), *added["train"]]) as folder:
        for split, path in paths.items():
            docs = read_docs(path, vocab)
            with (folder / f"{split}.txt").open("w", encoding="utf8") as target:
                written[split] = sum(target.write(" ".join(doc.text.split()) + "\n") for doc in docs)
                for file in added[split]:
                    written[split] += sum(target.write(line + "\n") for line in read_lines(file) if line.strip())
    return written["train"]
