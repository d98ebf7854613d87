"""Nested logical expressions as dependency trees: what is true of an expression follows from its structure."""

from __future__ import annotations

import random
from typing import List, NamedTuple, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example

from spacy_rnn.data.gold_parse import with_gold_parse


class Expression(NamedTuple):
    """An expression in brackets; an operator is the head of its operands and of its brackets."""

    words: List[str]
    heads: List[int]
    truths: List[Tuple[int, int, bool]]
    """Whether each expression within is true: first word, one past the last."""

    @property
    def value(self) -> bool:
        return self.truths[-1][2]


def make_expression(depth: int, rng: random.Random) -> Expression:
    """A random expression that is exactly so deep."""
    if depth == 0:
        value = rng.random() < 0.5
        return Expression(["true" if value else "false"], [0], [(0, 1, value)])
    operator = rng.choice(["and", "or", "not"])
    if operator == "not":
        parts = [make_expression(depth - 1, rng)]
    else:
        # The deep side is either; the other one is as deep as it likes.
        parts = [make_expression(depth - 1, rng), make_expression(rng.randrange(depth), rng)]
        rng.shuffle(parts)
    words, heads, truths, roots = ["("], [0], [], []
    for i, part in enumerate(parts):
        if i == len(parts) - 1:
            place = len(words)
            words.append(operator)
            heads.append(place)
        start = len(words)
        roots.append(start + next(j for j, head in enumerate(part.heads) if head == j))
        words += part.words
        heads += [start + head for head in part.heads]
        truths += [(start + first, start + last, value) for first, last, value in part.truths]
    for child in (0, len(words), *roots):
        if child == len(words):
            words.append(")")
            heads.append(place)
        heads[child] = place
    values = [part.value for part in parts]
    value = {"and": all(values), "or": any(values), "not": not values[0]}[operator]
    return Expression(words, heads, [*truths, (0, len(words), value)])


def logic_examples(nlp: Language, depths: List[int], n: int, seed: int) -> List[Example]:
    """Expressions, half of them true, every one within them labelled."""
    rng = random.Random(seed)
    examples: List[Example] = []
    while len(examples) < n:
        expression = make_expression(rng.choice(depths), rng)
        if expression.value != (len(examples) % 2 == 0):
            continue
        deps = ["ROOT" if head == i else "dep" for i, head in enumerate(expression.heads)]
        doc = Doc(nlp.vocab, words=expression.words, heads=expression.heads, deps=deps)
        doc.cats = {"true": float(expression.value), "false": float(not expression.value)}
        doc.spans["tree"] = [Span(doc, a, b, label="true" if value else "false") for a, b, value in expression.truths]
        examples.append(with_gold_parse(doc))
    return examples
