"""From annotated words to the tokens that a tokenizer finds in the text.

The words of a multiword token are merged if the tokenizer leaves it whole ("da" in Portuguese), and kept if it does not
("don't" in English). See `merge_words` for the annotation of a merged token.
"""

import unicodedata
from dataclasses import replace
from difflib import SequenceMatcher
from typing import Dict, List, Optional, Sequence, Set, Tuple

import numpy as np
from spacy.tokens import Doc

from ..base.letters import lower
from ..base.trees import node_depths
from .conllu import ConlluWord, Entity, MultiwordToken, Sentence, heads_of


def surface_text(sentence: Sentence) -> Tuple[str, List[bool]]:
    """The text of the sentence, and for each token of its `surface()` whether a space follows (none after the last).

    The `# text` comment decides as far as it fits the forms, since some treebanks do not mark `SpaceAfter=No`: between
    two forms that follow each other with nothing but whitespace and signs of no width between them. The marks decide
    the rest, for example where an abbreviation ends the sentence: the text has one full stop, the forms have two.
    """
    text, units, spaces = sentence.text or "", sentence.surface(), []
    start = _next(text, 0, units[0].form)
    for unit, following in zip(units, units[1:]):
        end = start + len(unit.form)
        after = _next(text, end, following.form) if text.startswith(unit.form, start) else start
        fits = after >= end and text.startswith(following.form, after)
        spaces.append(any(map(str.isspace, text[end:after])) if fits else unit.space_after)
        start = after
    spaces.append(False)
    return "".join(unit.form + " " * space for unit, space in zip(units, spaces, strict=True)), spaces


def _next(text: str, start: int, form: str) -> int:
    """Where a form follows in a text, or something else that can be seen."""
    while start < len(text) and not text.startswith(form, start):
        if not text[start].isspace() and unicodedata.category(text[start]) not in ("Cf", "Mn"):
            break
        start += 1
    return start


def annotated_words(sentence: Sentence, spaces: List[bool]) -> List[ConlluWord]:
    """All words as annotated, with the spaces of the text, see `surface_text`. Inside a multiword token there are
    none."""
    words: List[ConlluWord] = []
    for unit, space in zip(sentence.surface(), spaces, strict=True):
        if isinstance(unit, ConlluWord):
            words.append(replace(unit, space_after=space))
        else:
            inside = sentence.words[unit.start : unit.end]
            words.extend(replace(word, space_after=False) for word in inside[:-1])
            words.append(replace(inside[-1], space_after=space))
    return words


def text_tokens(sentence: Sentence, spaces: List[bool], tokenized: Doc) -> Tuple[List[ConlluWord], List[int]]:
    """The sentence as tokens of its text, and for each of its words the token that stands for it.

    spaces: see `surface_text`. tokenized: the text as the tokenizer splits it.

    The words of a multiword token that is not merged take the pieces of the text that they stand for as their forms, so
    that forms and spaces give back the text exactly.
    """
    depths = node_depths(np.array(heads_of(sentence.words))).tolist()
    pieces = {token.idx: token.text for token in tokenized}
    tokens: List[ConlluWord] = []
    index: List[int] = []  # of each annotated word among the tokens
    start_char = 0
    for unit, space in zip(sentence.surface(), spaces, strict=True):
        if isinstance(unit, ConlluWord):
            index.append(len(tokens))
            tokens.append(replace(unit, space_after=space))
        else:
            inside = sentence.words[unit.start : unit.end]
            forms = cut_form(unit, [word.form for word in inside], start_char, pieces)
            if forms is None:
                index += [len(tokens)] * len(inside)
                merged = merge_words(inside, depths[unit.start : unit.end])
                tokens.append(replace(merged, form=unit.form, space_after=space))
            else:
                for i, (word, form) in enumerate(zip(inside, forms, strict=True), start=unit.start):
                    index.append(len(tokens))
                    tokens.append(replace(word, form=form, space_after=space and i == unit.end - 1))
        start_char += len(unit.form) + space
    return [token if token.head is None else replace(token, head=index[token.head]) for token in tokens], index


def token_entities(entities: Sequence[Entity], index: List[int]) -> List[Entity]:
    """Entities of words as entities of tokens. The tokens of one that has a part of a token only get the label "",
    which stands for missing annotation. index: the token of each word."""
    bounds = [-1, *index, -1]
    return [
        Entity(
            index[start],
            index[end - 1] + 1,
            label if bounds[start] != index[start] and bounds[end + 1] != index[end - 1] else "",
        )
        for start, end, label in entities
    ]


def merge_words(words: Sequence[ConlluWord], depths: Sequence[int]) -> ConlluWord:
    """One token for several words, annotated as `spacy convert --merge-subtokens` does.

    UPOS, head and relation are those of the word nearest to the root, the first one among equals, whose head lies
    outside the token, so that the merged tree is a tree. XPOS values are joined by "_" and lemmas by " "; both are left
    unset if one of the words lacks them. FEATS are the union of the values of each feature. depths: of the words in the
    tree.
    """
    root = words[min(range(len(words)), key=lambda i: depths[i])]
    xpos = [word.xpos for word in words if word.xpos is not None]
    lemmas = [word.lemma for word in words if word.lemma is not None]
    features: Dict[str, Set[str]] = {}
    for word in words:
        for feature in word.feats.split("|") if word.feats else ():
            name, _, values = feature.partition("=")
            features.setdefault(name, set()).update(values.split(","))
    return replace(
        root,
        xpos="_".join(xpos) if len(xpos) == len(words) else None,
        lemma=" ".join(lemmas) if len(lemmas) == len(words) else None,
        feats="|".join(f"{name}={','.join(sorted(values))}" for name, values in sorted(features.items())) or None,
    )


def cut_form(unit: MultiwordToken, forms: List[str], start_char: int, pieces: Dict[int, str]) -> Optional[List[str]]:
    """Cut the form of a multiword token into a piece for each word. Returns None if it is to be merged.

    start_char: the offset of the multiword token in the text. pieces: the tokenizer's tokens by their offsets.
    """
    whole = unit.form
    if pieces.get(start_char) == whole or len(whole) < len(forms):
        return None
    if "".join(forms) == whole:
        return forms
    cuts = [i for i in range(1, len(whole)) if start_char + i in pieces]
    if len(cuts) != len(forms) - 1:
        cuts = matching_cuts(whole, forms)
    bounds = [0, *cuts, len(whole)]
    return [whole[start:end] for start, end in zip(bounds, bounds[1:], strict=False)]


def matching_cuts(whole: str, forms: List[str]) -> List[int]:
    """Where to cut a form into non-empty pieces that are most like the words they stand for."""
    matcher = SequenceMatcher(None, lower("".join(forms)), lower(whole), autojunk=False)
    cuts: List[int] = []
    wanted = 0
    for n, form in enumerate(forms[:-1], start=1):
        wanted += len(form)
        cut = next((b + wanted - a for a, b, size in matcher.get_matching_blocks() if a <= wanted <= a + size), wanted)
        lowest = cuts[-1] + 1 if cuts else 1
        cuts.append(min(max(cut, lowest), len(whole) - len(forms) + n))
    return cuts
