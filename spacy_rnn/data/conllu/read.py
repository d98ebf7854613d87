"""Read CoNLL-U: comments, multiword tokens, empty nodes, unset fields.

Fields are parsed by the package `conllu`. The checks that training needs are made here, with errors that name the file
and the line.
"""

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Sequence, Tuple, Union

from conllu.exceptions import ParseException
from conllu.parser import parse_comment_line, parse_id_value, parse_int_value
from spacy.parts_of_speech import IDS as KNOWN_POS

from ...errors import CorpusError, Errors
from ..text_files import read_lines
from .entities import Entity, entity_tag, read_entities

COLUMNS = 10


@dataclass(frozen=True)
class ConlluWord:
    """A syntactic word, which has a row of its own. None stands for a field that is unset (`_`)."""

    form: str
    lemma: Optional[str]
    upos: Optional[str]
    xpos: Optional[str]
    feats: Optional[str]  # as written, e.g. "Gender=Fem|Number=Sing"
    head: Optional[int]  # index of the head in the sentence, from 0; the root is its own head
    deprel: Optional[str]
    space_after: bool


@dataclass(frozen=True)
class MultiwordToken:
    """A token of the text that stands for the words from `start` (counted from 0) up to `end`, such as "da" for "de"
    and "a"."""

    form: str
    start: int
    end: int
    space_after: bool


@dataclass(frozen=True)
class Sentence:
    """A sentence: its words in order, the multiword tokens over them, and its text if a comment gives one."""

    words: Tuple[ConlluWord, ...]
    multiword_tokens: Tuple[MultiwordToken, ...]
    text: Optional[str]
    sent_id: Optional[str]
    path: Path
    line: int  # of the sentence's first row or comment in the file, from 1
    headless: Optional[int] = None  # line of the first word without a head if others have one, which are left out
    starts_paragraph: bool = False  # or a document
    entities: Optional[Tuple[Entity, ...]] = None  # of the words; None if the sentence has no annotation of entities

    def surface(self) -> List[Union[ConlluWord, MultiwordToken]]:
        """The tokens of the text: multiword tokens in place of their words."""
        starts = {token.start: token for token in self.multiword_tokens}
        units: List[Union[ConlluWord, MultiwordToken]] = []
        i = 0
        while i < len(self.words):
            token = starts.get(i)
            units.append(self.words[i] if token is None else token)
            i = i + 1 if token is None else token.end
        return units


def read_conllu(path: Path) -> Iterator[Sentence]:
    """Yield the sentences of a CoNLL-U file. Raises CorpusError if the file is not UTF-8, holds no sentence, or breaks
    the format."""
    found = False
    rows: List[str] = []
    for number, row in enumerate(chain(read_lines(path), [""]), start=1):
        if row.strip():
            rows.append(row)
        elif rows:
            sentence = parse_sentence(rows, path, number - len(rows))
            rows = []
            if sentence is not None:
                found = True
                yield sentence
    if not found:
        raise CorpusError(Errors.D002.format(path=path))


def parse_sentence(rows: List[str], path: Path, first: int) -> Optional[Sentence]:
    """Parse the rows of a sentence. Returns None if all are comments. first: the line of the first row."""
    comments: Dict[str, Optional[str]] = {}
    words: List[ConlluWord] = []
    heads: List[Tuple[Optional[int], int]] = []  # as written, with the line
    tags: List[Optional[str]] = []  # of entities
    tokens: List[Tuple[MultiwordToken, int]] = []
    for line, row in enumerate(rows, start=first):
        if row.startswith("#"):
            comments.update(parse_comment_line(row))
            continue
        fields = row.split("\t")
        if len(fields) != COLUMNS:
            raise CorpusError(Errors.D003.format(path=path, line=line, found=len(fields)))
        if not all(fields):
            raise CorpusError(Errors.D004.format(path=path, line=line, column=fields.index("") + 1))
        try:
            word_id = parse_id_value(fields[0])
            head = parse_int_value(fields[6])
        except (ParseException, ValueError) as error:  # the latter of numbers with thousands of digits
            raise CorpusError(Errors.D005.format(path=path, line=line, reason=error)) from error
        space_after = "SpaceAfter=No" not in fields[9].split("|")
        start, kind, end = word_id if isinstance(word_id, tuple) else (word_id or 0, "", 0)
        overlaps = kind == "-" and tokens and start <= tokens[-1][0].end
        if start != len(words) + (kind != ".") or overlaps:
            raise CorpusError(Errors.D006.format(path=path, line=line, id=fields[0]))
        if kind == "-":
            tokens.append((MultiwordToken(fields[1], start - 1, end, space_after), line))
        elif kind != ".":  # an empty node ("3.1") belongs to the enhanced graph alone and is left out
            words.append(parse_word(fields, space_after, path, line))
            heads.append((head, line))
            try:
                tags.append(entity_tag(fields[9]))
            except ValueError as error:
                raise CorpusError(Errors.D104.format(path=path, line=line, reason=error)) from error
    for token, line in tokens:
        if token.end > len(words):
            raise CorpusError(Errors.D006.format(path=path, line=line, id=f"{token.start + 1}-{token.end}"))
    if not words:
        if tokens:
            raise CorpusError(Errors.D002.format(path=path))
        return None
    headless = next((line for head, line in heads if head is None), None)
    if headless is None:
        tree = check_tree([(head, line) for head, line in heads if head is not None], path)
        words = [replace(word, head=head) for word, head in zip(words, tree, strict=True)]
    return Sentence(
        words=tuple(words),
        multiword_tokens=tuple(token for token, _ in tokens),
        text=comments.get("text"),
        sent_id=comments.get("sent_id"),
        path=path,
        line=first,
        headless=headless if any(head is not None for head, _ in heads) else None,
        entities=read_entities(tags),
        starts_paragraph=any(name.split()[0] in ("newdoc", "newpar") for name in comments if name.strip()),
    )


def parse_word(fields: List[str], space_after: bool, path: Path, line: int) -> ConlluWord:
    """The word of a row. Its head is left open until the whole sentence is known."""
    form = fields[1]
    lemma, upos, xpos, feats, _, deprel = (None if field == "_" else field for field in fields[2:8])
    if upos is not None and upos not in KNOWN_POS:
        raise CorpusError(Errors.D007.format(path=path, line=line, upos=upos))
    features: Dict[str, str] = {}
    for feature in feats.split("|") if feats is not None else ():
        name, _, given = feature.partition("=")
        # Published treebanks have a comma too many here and there.
        values = ",".join(filter(None, given.split(",")))
        if not name or name in features or "=" in values or not values:
            raise CorpusError(Errors.D008.format(path=path, line=line, feature=feature))
        if name.upper() == "POS" and feature != feature.upper():
            reason = f"the feature '{feature}' is one that spaCy writes in capitals"
            raise CorpusError(Errors.D104.format(path=path, line=line, reason=reason))
        features[name] = f"{name}={values}"
    feats = "|".join(features.values()) or None
    if form == "_":  # whose lemma is "_" as well
        lemma = fields[2]
    return ConlluWord(form, lemma, upos, xpos, feats, head=None, deprel=deprel, space_after=space_after)


def check_tree(heads: Sequence[Tuple[int, int]], path: Path) -> List[int]:
    """The heads as indices from 0, the root its own head. Raises CorpusError unless they form one tree.

    heads: as written (counted from 1; 0 for the root), each with its line.
    """
    tree: List[int] = []
    for i, (head, line) in enumerate(heads):
        if not 0 <= head <= len(heads) or head == i + 1:
            raise CorpusError(Errors.D009.format(path=path, line=line, head=head, n=len(heads)))
        tree.append(i if head == 0 else head - 1)
    roots = [line for (head, line) in heads if head == 0]
    if len(roots) > 1:
        raise CorpusError(Errors.D010.format(path=path, line=roots[1], n=len(roots), first=roots[0]))
    ancestors = tree
    for _ in range(len(tree).bit_length()):  # twice as many steps up each time, in the end more than there are words
        ancestors = [ancestors[node] for node in ancestors]
    for node, (_, line) in zip(ancestors, heads):
        if tree[node] != node:
            raise CorpusError(Errors.D011.format(path=path, line=line))
    return tree


def heads_of(words: Sequence[ConlluWord]) -> List[int]:
    """The heads as indices. A word without one is its own head."""
    return [i if word.head is None else word.head for i, word in enumerate(words)]
