"""Write documents as CoNLL-U. A token is a word with a row of its own; multiword tokens are not made.

Whitespace tokens are no words: what depends on them hangs on their heads, and they are kept as SpacesAfter and
SpacesBefore, in the notation of UDPipe (https://ufal.mff.cuni.cz/udpipe/1/users-manual).
"""

import re
from dataclasses import dataclass
from typing import Iterator, List, NamedTuple, Optional, Sequence, TextIO, Tuple

from spacy.tokens import Doc, Token

_ENDS = re.compile(r"[\t\n\r]")  # of fields and rows
_ESCAPES = str.maketrans({" ": r"\s", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


class Word(NamedTuple):
    """A token with the whitespace around it. `before` is empty except for the first word of a document. `after` is
    None at its end."""

    token: Token
    before: str
    after: Optional[str]
    starts_sentence: bool


@dataclass
class ConlluCounts:
    """What was written. without_tree: sentences whose heads are missing, or no tree with one root."""

    docs: int = 0
    sentences: int = 0
    words: int = 0
    without_tree: int = 0


class ConlluWriter:
    """Writes one document after the other, and counts what it writes in `counts`.

    target: an open file.
    flat_trees: what becomes of a sentence whose heads are missing or no tree with one root. By default it is written
        without heads. With `flat_trees` its first word is the root, and the head of the others, with the relation
        "dep", for programs that read nothing but trees.
    """

    def __init__(self, target: TextIO, *, flat_trees: bool = False) -> None:
        self.target = target
        self.flat_trees = flat_trees
        self.counts = ConlluCounts()

    def write(self, doc: Doc, name: str = "") -> None:
        """Write the sentences of a document, all of it as one if it has none. name: of the document, unless it is
        empty."""
        self.counts.docs += 1
        comment = f"# newdoc id = {' '.join(name.split())}\n" if name.strip() else "# newdoc\n"
        for sentence in sentences_of(words_of(doc)):
            self.target.write(comment)
            comment = ""
            self._write_sentence(sentence)

    def _write_sentence(self, words: Sequence[Word]) -> None:
        self.counts.sentences += 1
        self.counts.words += len(words)
        forms = [_field(word.token.text) for word in words]
        spaces = [*(" " if word.after else "" for word in words[:-1]), ""]
        text = "".join(form + space for form, space in zip(forms, spaces, strict=True))
        self.target.write(f"# sent_id = {self.counts.sentences}\n# text = {text}\n")
        heads = heads_within([word.token for word in words])
        self.counts.without_tree += heads is None
        for i, (word, form) in enumerate(zip(words, forms, strict=True)):
            head, relation = "_", "_"
            if heads is not None:
                head, relation = str(heads[i] + 1 if heads[i] != i else 0), _relation(word.token, heads[i] == i)
            elif self.flat_trees:
                head, relation = ("1", "dep") if i else ("0", "root")
            token = word.token
            tags = (_field(token.lemma_), _field(token.pos_), _field(token.tag_), _features(token))
            self.target.write("\t".join([str(i + 1), form, *tags, head, relation, "_", _misc(word)]) + "\n")
        self.target.write("\n")


def words_of(doc: Doc) -> Iterator[Word]:
    """The tokens that are not whitespace.

    A sentence that starts with whitespace starts with the word after it. Whitespace that is a tree of its own, which
    starts a sentence for spaCy, starts none.
    """
    text, has_trees = doc.text, doc.has_annotation("DEP")
    found: List[Tuple[Token, bool]] = []
    starts = True
    for token in doc:
        is_blank = token.text.isspace()
        alone = is_blank and has_trees and token.head.i == token.i and not any(token.children)
        starts = starts or bool(token.is_sent_start and not alone)
        if not is_blank:
            found.append((token, starts))
            starts = False
    end = 0  # of the word before, in characters
    for (token, starts), (following, _) in zip(found, [*found[1:], (None, False)]):
        before = "" if end else text[: token.idx]
        end = token.idx + len(token.text)
        after = text[end:] or None if following is None else text[end : following.idx]
        yield Word(token, before, after, starts)


def sentences_of(words: Iterator[Word]) -> Iterator[List[Word]]:
    """The words of each sentence."""
    sentence: List[Word] = []
    for word in words:
        if word.starts_sentence and sentence:
            yield sentence
            sentence = []
        sentence.append(word)
    if sentence:
        yield sentence


def heads_within(words: Sequence[Token]) -> Optional[List[int]]:
    """The index of each word's head among the words of a sentence, the root its own. None unless all words have heads,
    which form one tree.

    A head that is whitespace is replaced by its own head. If whitespace is the root, the first of the words that hang
    on it becomes the root, and the head of the others.
    """
    if not all(word.has_dep() for word in words):
        return None
    index = {word.i: i for i, word in enumerate(words)}
    first: Optional[int] = None  # of the words that hang on a root of whitespace
    heads: List[int] = []
    for i, word in enumerate(words):
        head, seen = word.head, {word.i}
        while head.text.isspace() and head.head.i != head.i and head.i not in seen:
            seen.add(head.i)
            head = head.head
        if head.text.isspace():
            first = i if first is None else first
            heads.append(first)
        elif head.i in index:
            heads.append(index[head.i])
        else:
            return None
    return heads if is_tree(heads) else None


def is_tree(heads: Sequence[int]) -> bool:
    """Whether there is one root, its own head, that all others lead up to."""
    ups = list(heads)
    for _ in range(len(heads).bit_length()):  # twice as many steps up each time
        ups = [ups[i] for i in ups]
    return sum(head == i for i, head in enumerate(heads)) == 1 and len(set(ups)) == 1


def _relation(token: Token, is_root: bool) -> str:
    """spaCy writes the relation of the root in capitals."""
    is_new = is_root and token.head.i != token.i
    return "root" if token.dep_ == "ROOT" or is_new else _field(token.dep_)


def _features(token: Token) -> str:
    features = [feature for feature in str(token.morph).split("|") if feature]
    return _field("|".join(sorted(features, key=lambda feature: feature.partition("=")[0].lower())))


def _misc(word: Word) -> str:
    iob, label = word.token.ent_iob_, _field(word.token.ent_type_).replace("|", "/")
    found = [f"NE={iob}-{label}" if iob in ("B", "I") else "NE=O"] if iob else []
    found += [f"SpacesBefore={word.before.translate(_ESCAPES)}"] if word.before else []
    if word.after == "":
        found.append("SpaceAfter=No")
    elif word.after not in (" ", None):
        found.append(f"SpacesAfter={word.after.translate(_ESCAPES)}")
    return "|".join(found) or "_"


def _field(value: str) -> str:
    """A value as a field, where what would end it is a space."""
    return _ENDS.sub(" ", value) or "_"
