"""Vectors of dictionary entries: sums of parts, tags and classes, and only those that training met."""

from typing import List, Tuple

import numpy as np
import torch
from torch import Tensor

from spacy_rnn.base.lexicon import Analysis, Lexicon, tag_parts
from spacy_rnn.base.lexicon_builder import LexiconBuilder
from spacy_rnn.nn import LexiconEmbedding

ENTRIES = [("cut", "NOUN|Sing"), ("cut", "VERB|Pres"), ("cut", "VERB|Past"), ("saw", "NOUN|Sing"), ("go", "VERB")]


def make() -> Tuple[LexiconEmbedding, Lexicon]:
    builder = LexiconBuilder()
    for form, tag in ENTRIES:
        builder.add(form, [Analysis(form, tag)])
    lexicon = builder.build()
    embedding = LexiconEmbedding(len(lexicon.parts), len(lexicon.tags), lexicon.n_classes, 4)
    embedding.use(lexicon)
    return embedding, lexicon


def test_vectors_are_sums() -> None:
    """Written out, set by set."""
    embedding, lexicon = make()
    torch.nn.init.normal_(embedding.weight)
    unknown, parts, tags, classes = embedding.weight.split([2, 5, len(lexicon.tags), lexicon.n_classes])

    def plainly(number: int) -> Tensor:
        if not number:
            return unknown[0]
        found: List[str] = [lexicon.tags[tag] for tag in lexicon.set_tags(abs(number))]
        each = []
        for tag in found:
            own = sum(parts[lexicon.parts.index(part)] for part in tag_parts(tag))
            each.append(tags[lexicon.tags.index(tag)] + own)
        vector = torch.stack(each).mean(dim=0) + classes[lexicon.classes[abs(number)]]
        return vector + unknown[1] if number < 0 else vector

    numbers = [0, 1, 3, 2, -2, 2, 0]
    expected = torch.stack(list(map(plainly, numbers)))
    torch.testing.assert_close(embedding(*embedding.bags(np.array(numbers))), expected)
    assert embedding(*embedding.bags(np.zeros(0, dtype=np.int64))).shape == (0, 4)


def test_untrained_tags_add_nothing() -> None:
    """Before training, a form is the sum of the parts of its tags."""
    embedding, lexicon = make()
    assert not embedding.weight[2 + len(lexicon.parts) :].any()
    assert embedding.weight[: 2 + len(lexicon.parts)].all()


def test_saved_with_the_weights() -> None:
    embedding, lexicon = make()
    torch.nn.init.normal_(embedding.weight)
    with torch.device("meta"):
        other = LexiconEmbedding(5, len(lexicon.tags), lexicon.n_classes, 4)
    other = other.to_empty(device="cpu")
    other.load_state_dict(embedding.state_dict())
    numbers = np.arange(4)
    torch.testing.assert_close(other(*other.bags(numbers)), embedding(*embedding.bags(numbers)))
