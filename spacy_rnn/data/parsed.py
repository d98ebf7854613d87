"""Corpora of parsed documents for `tree_rnn`: labelled texts that a pipeline parses, and gold trees whose subtrees are
labelled by their relations."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, List, Sequence

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from ..base.files import replaced_folder
from ..base.parses import read_trees
from ..base.trees import Trees, subtree_spans
from ..errors import CorpusError, Errors
from .convert import DOC_ATTRS, SPLITS
from .parsers import parsing_components
from .spacy_files import read_docs
from .sst import SPANS_KEY, write_stats
from .textcat_corpus import read_labelled_docs


@dataclass
class ParsedStats:
    """The size of one file."""

    docs: int = 0
    words: int = 0
    trees: int = 0
    phrases: int = 0  # labelled subtrees
    left_out: int = 0  # documents without heads
    labels: Dict[str, int] = field(default_factory=dict)  # of documents, or of phrases


def parse_texts(paths: Sequence[Path], output_dir: Path, nlp: Language) -> Dict[str, ParsedStats]:
    """Parse files of labelled texts, see `read_labelled_docs`, into `{name}.spacy`, one document a text with its cats.
    Replaces the output folder, and writes `stats.json` beside the files.

    nlp: a pipeline with a parser. Raises CorpusError if it has none, and for a file that cannot be read.
    """
    parsing_components(nlp)
    stats: Dict[str, ParsedStats] = {}
    with replaced_folder(output_dir, checked=True, inputs=paths) as folder:
        for name, _, texts in read_labelled_docs(paths, nlp):
            docs, counts, found = DocBin(attrs=DOC_ATTRS, store_user_data=False), Counter[str](), ParsedStats()
            for doc, cats in nlp.pipe(((doc, dict(doc.cats)) for doc in texts), as_tuples=True):
                doc.cats = cats  # whatever the pipeline says about them
                docs.add(doc)
                count_trees(read_trees([doc]), found)
                counts.update(label for label, value in cats.items() if value)
            docs.to_disk(folder / f"{name}.spacy")
            found.labels = dict(sorted(counts.items()))
            stats[name] = found
        write_stats(folder, {"lang": nlp.lang}, stats)
    return stats


def label_relations(corpus_dir: Path, output_dir: Path) -> Dict[str, ParsedStats]:
    """Convert a folder made by `convert_treebank` to trees whose subtrees are labelled by their relations to their
    heads, without subtypes: the task is to recognize subjects, objects, modifiers and so on from the words and the bare
    structure, so the trees have no relations. Sentences without heads are left out. Raises CorpusError if a split is
    missing, or has no others."""
    stats = {}
    paths = {split: corpus_dir / f"{split}-words.spacy" for split in SPLITS}
    with replaced_folder(output_dir, checked=True, inputs=paths.values()) as folder:
        for split, path in paths.items():
            docs, counts, found = DocBin(attrs=DOC_ATTRS, store_user_data=False), Counter[str](), ParsedStats()
            for gold in read_docs(path, Vocab()):
                if not gold.has_annotation("DEP"):
                    found.left_out += 1
                    continue
                doc = bare_tree(gold)
                trees = read_trees([doc])
                doc.spans[SPANS_KEY] = relation_spans(doc, trees, [token.dep_.partition(":")[0] for token in gold])
                docs.add(doc)
                count_trees(trees, found)
                counts.update(span.label_ for span in doc.spans[SPANS_KEY])
            if not found.docs:
                raise CorpusError(Errors.D028.format(path=path))
            docs.to_disk(folder / f"{split}.spacy")
            found.phrases, found.labels = sum(counts.values()), dict(counts.most_common())
            stats[split] = found
        write_stats(folder, {"lang": "xx"}, stats)
    return stats


def bare_tree(gold: Doc) -> Doc:
    """The same words and heads. The only relations are "ROOT" and "dep"."""
    heads = [token.head.i for token in gold]
    return Doc(
        gold.vocab,
        words=[token.text for token in gold],
        spaces=[bool(token.whitespace_) for token in gold],
        heads=heads,
        deps=["ROOT" if head == i else "dep" for i, head in enumerate(heads)],
    )


def relation_spans(doc: Doc, trees: Trees, relations: List[str]) -> List[Span]:
    """Every subtree without a gap, labelled by the relation of its head."""
    start, end, size = subtree_spans(trees)
    whole = np.flatnonzero(end - start == size).tolist()
    return [Span(doc, int(start[i]), int(end[i]), label=relations[i]) for i in whole if relations[i]]


def count_trees(trees: Trees, found: ParsedStats) -> None:
    """Add the trees of a document to the counts of its file."""
    found.docs += 1
    found.words += len(trees.heads)
    found.trees += len(trees.roots)


def put_parser_before(nlp: Language, source: Language, name: str = "tree_rnn") -> Language:
    """Add the parser of another pipeline, and what it listens to, before a component that was trained on its parses.
    Raises CorpusError if there is no parser or no such component, or if a component of that name is there already."""
    needed = parsing_components(source)
    if name not in nlp.pipe_names:
        raise CorpusError(Errors.D173.format(factory=name, found=", ".join(nlp.pipe_names) or "none"))
    for upstream in needed:
        if upstream in nlp.pipe_names:
            raise CorpusError(Errors.D174.format(name=upstream))
        nlp.add_pipe(upstream, source=source, before=name)
    return nlp
