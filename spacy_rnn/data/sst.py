"""The Stanford Sentiment Treebank (Socher et al. 2013): bracketed trees with labels from 0 to 4 at all constituents.
The labels are carried over to dependency trees."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

import numpy as np
import srsly
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from ..base.files import replaced_folder
from ..base.parses import read_trees
from ..base.trees import find_subtrees
from ..errors import CorpusError, Errors
from .convert import DOC_ATTRS, SPLITS
from .parsers import parsing_components
from .text_files import read_lines

SPANS_KEY = "tree"

# Only ASCII whitespace is between words: one such as "8 1/2" has a no-break space.
_PIECE = re.compile(r"[()]|[^\s()]+", re.ASCII)
_ESCAPES = {"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}", "``": '"', "''": '"'}
# Words without a space before them, and words without a space after them.
_NO_SPACE_BEFORE = re.compile(r"""^(?:[.,:;?!%)\]}]+|\.\.\.|n't|'(?:s|m|d|ll|re|ve)?)$""", re.IGNORECASE)
_NO_SPACE_AFTER = frozenset("([{$")

# From five labels to two. The middle one has no counterpart.
BINARY = {"0": "negative", "1": "negative", "2": None, "3": "positive", "4": "positive"}


class Constituents(NamedTuple):
    """A labelled constituency tree."""

    words: List[str]
    spans: List[Tuple[int, int, str]]
    """First word, one past the last word, label. Children come before parents, the whole sentence last."""


@dataclass
class AlignedStats:
    """The size of one split."""

    sentences: int = 0
    words: int = 0
    phrases: int = 0  # labelled constituents
    matched: int = 0  # of them, those that are exactly the span of a dependency subtree
    roots: int = 0  # sentences whose own label is one of those
    fragments: int = 0  # other constituents that were written as documents of their own


def read_brackets(path: Path) -> Iterator[Constituents]:
    """Read the trees of a file, one a line, such as `(3 (2 A) (4 (3 nice) (2 day)))`. Raises CorpusError for a missing
    file, for one without trees, and for a line that is no tree."""
    if not path.is_file():
        raise CorpusError(Errors.D150.format(path=path))
    found = False
    for number, line in enumerate(read_lines(path), start=1):
        if line.strip():
            try:
                tree = parse_brackets(line)
            except ValueError:
                raise CorpusError(Errors.D151.format(path=path, line=number)) from None
            found = True
            yield tree
    if not found:
        raise CorpusError(Errors.D107.format(path=path))


def parse_brackets(line: str) -> Constituents:
    """Parse one tree. Raises ValueError for a line that is no tree."""
    words: List[str] = []
    spans: List[Tuple[int, int, str]] = []
    opened: List[Tuple[str, int]] = []
    pieces = iter(_PIECE.findall(line))
    for piece in pieces:
        if spans and not opened:
            raise ValueError
        if piece == "(":
            opened.append((next(pieces, ""), len(words)))
            if opened[-1][0] not in BINARY:
                raise ValueError
        elif piece == ")":
            label, start = opened.pop() if opened else ("", len(words))
            if start == len(words):
                raise ValueError
            spans.append((start, len(words), label))
        else:
            words.append(unescape(piece))
    if opened or not spans:
        raise ValueError
    return Constituents(words, spans)


def unescape(word: str) -> str:
    """The word without the escapes of the Penn Treebank."""
    return _ESCAPES.get(word, word.replace("\\/", "/").replace("\\*", "*"))


def spaces_after(words: List[str]) -> List[bool]:
    """Guess from the words whether a space follows each of them."""
    spaces, quoted = [], False
    for word, following in zip(words, [*words[1:], "."]):
        if word == '"':
            quoted = not quoted
        close = bool(_NO_SPACE_BEFORE.match(following)) or word in _NO_SPACE_AFTER or (word == '"' and quoted)
        spaces.append(not (close or (following == '"' and quoted)))
    return spaces


def convert_sst(
    source_dir: Path,
    output_dir: Path,
    nlp: Language,
    *,
    binary: bool = False,
    fragments: bool = False,
    batch_size: int = 256,
) -> Dict[str, AlignedStats]:
    """Parse the sentences of `{train,dev,test}.txt` into `{train,dev,test}.spacy`, one document a sentence. `doc.cats`
    holds the label of the sentence, `doc.spans["tree"]` the labelled phrases that are exactly the span of a dependency
    subtree (Tai et al. 2015, sect. 5.1). Replaces the output folder, and writes `stats.json` beside the files.

    nlp: a pipeline with a parser, which must not split the sentences.
    binary: two labels instead of five, without neutral sentences and phrases.
    fragments: write the other labelled phrases of the training sentences too, each once, as documents of their own with
        the part of the sentence's tree that is within them.
    Raises CorpusError for a pipeline without a parser, and for a missing or damaged file.
    """
    parsing_components(nlp)
    relabel: Callable[[str], Optional[str]] = BINARY.get if binary else str
    labels = sorted({label for label in BINARY.values() if label}) if binary else sorted(BINARY)
    stats = {}
    seen: Set[Tuple[Tuple[str, ...], str]] = set()
    paths = {split: source_dir / f"{split}.txt" for split in SPLITS}
    with replaced_folder(output_dir, checked=True, inputs=paths.values()) as folder:
        for split, path in paths.items():
            trees = [tree for tree in read_brackets(path) if relabel(tree.spans[-1][2])]
            docs, found = DocBin(attrs=DOC_ATTRS, store_user_data=False), AlignedStats()
            unparsed = (whole_sentence(nlp.vocab, tree.words) for tree in trees)
            for doc, tree in zip(nlp.pipe(unparsed, batch_size=batch_size), trees):
                others = add_labels(doc, tree, relabel, labels, found)
                docs.add(doc)
                if fragments and split == "train":
                    for span in others:
                        if (key := (tuple(tree.words[slice(*span[:2])]), span[2])) not in seen:
                            seen.add(key)
                            docs.add(cut_fragment(doc, *span, labels))
                            found.fragments += 1
            docs.to_disk(folder / f"{split}.spacy")
            stats[split] = found
        write_stats(folder, {"lang": nlp.lang, "labels": labels, "parser": nlp.meta["name"]}, stats)
    return stats


def write_stats(folder: Path, record: Dict[str, Any], splits: Mapping[str, Any]) -> None:
    """Write `stats.json`: the record, and the stats of each split."""
    counts = {name: asdict(found) for name, found in splits.items()}
    srsly.write_json(folder / "stats.json", {**record, "splits": counts})


def whole_sentence(vocab: Vocab, words: List[str]) -> Doc:
    """A document that the parser may not split into sentences."""
    return Doc(vocab, words=words, spaces=spaces_after(words), sent_starts=[i == 0 for i in range(len(words))])


def add_labels(
    doc: Doc, tree: Constituents, relabel: Callable[[str], Optional[str]], labels: List[str], found: AlignedStats
) -> List[Tuple[int, int, str]]:
    """Set the labels of a constituency tree on its parsed sentence, and count them. Returns those without a subtree."""
    spans = [(start, end, label) for start, end, old in tree.spans if (label := relabel(old))]
    nodes = find_subtrees(np.array([span[:2] for span in spans]), read_trees([doc]))
    doc.spans[SPANS_KEY] = [
        Span(doc, start, end, label=label) for (start, end, label), node in zip(spans, nodes.tolist()) if node >= 0
    ]
    doc.cats = {label: float(label == spans[-1][2]) for label in labels}
    found.sentences += 1
    found.words += len(doc)
    found.phrases += len(spans)
    found.matched += int((nodes >= 0).sum())
    found.roots += int(nodes[-1] >= 0)
    return [span for span, node in zip(spans, nodes.tolist()) if node < 0]


def cut_fragment(doc: Doc, start: int, end: int, label: str, labels: List[str]) -> Doc:
    """A labelled part of a parsed sentence. A word whose head lies outside becomes a root."""
    tokens = list(doc[start:end])
    inside = [start <= token.head.i < end for token in tokens]
    fragment = Doc(
        doc.vocab,
        words=[token.text for token in tokens],
        spaces=[bool(token.whitespace_) for token in tokens],
        heads=[token.head.i - start if kept else i for i, (token, kept) in enumerate(zip(tokens, inside))],
        deps=[token.dep_ if kept else "ROOT" for token, kept in zip(tokens, inside)],
    )
    fragment.cats = {name: float(name == label) for name in labels}
    return fragment
