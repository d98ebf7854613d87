"""The text of converted corpora, and of other files and pages beside it."""

from pathlib import Path
from typing import Dict, Iterable, Iterator, List, Optional

import spacy

from ...base.files import replaced_folder
from ..spacy_files import read_docs
from ..text_files import read_lines
from .pages import read_pages


def write_text(
    corpus_dir: Path, output_dir: Path, more: Iterable[Path] = (), *, untranslated: Optional[Path] = None
) -> int:
    """Write train.txt and dev.txt, a document a line, from a folder that `convert_treebank` or `convert_textcat` made.
    The test set is left out.

    more: what is added to train.txt: text files, plain or compressed, a paragraph a line, or folders of web pages.
    untranslated: the same pages in another language, whose paragraphs are left out, see `read_pages`.
    Returns the number of characters in train.txt. Raises CorpusError if a file is missing or damaged.
    """
    vocab = spacy.blank("xx").vocab
    written = {}
    added: Dict[str, List[Path]] = {"train": list(more), "dev": []}
    paths = {split: corpus_dir / f"{split}.spacy" for split in added}
    inputs = [*paths.values(), *added["train"], *([] if untranslated is None else [untranslated])]
    with replaced_folder(output_dir, checked=True, inputs=inputs) as folder:
        for split, path in paths.items():
            docs = read_docs(path, vocab)
            with (folder / f"{split}.txt").open("w", encoding="utf8") as target:
                written[split] = sum(target.write(" ".join(doc.text.split()) + "\n") for doc in docs)
                for source in added[split]:
                    written[split] += sum(target.write(line + "\n") for line in read_more(source, untranslated))
    return written["train"]


def read_more(source: Path, untranslated: Optional[Path]) -> Iterator[str]:
    """The paragraphs of a file or of a folder of pages."""
    if source.is_dir():
        return read_pages(source, untranslated)
    return (line for line in read_lines(source) if line.strip())
