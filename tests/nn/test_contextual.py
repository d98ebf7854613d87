"""What language models know of tokens: the same however the text is read."""

from typing import List

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.nn.char_lm import CharLM
from spacy_rnn.nn.char_vocabulary import SEPARATOR
from spacy_rnn.nn.contextual import ContextualStrings, TextPlaces

from ..lm.helpers import CHARS, tiny_lm

FORWARD, BACKWARD = tiny_lm(seed=1), tiny_lm(seed=2, hidden_size=8)
texts = st.lists(st.lists(st.text(CHARS + "\n?", min_size=1, max_size=6), max_size=8), min_size=1, max_size=6)


def place(words: List[str]) -> TextPlaces:
    """A text of words with blanks between them."""
    sizes = np.array([len(word) for word in words], dtype=np.int64)
    starts = np.cumsum(sizes + 1) - sizes - 1
    return TextPlaces(np.array([ord(char) for char in " ".join(words)], dtype=np.int64), starts, starts + sizes)


def read(words: List[List[str]], chunk: int = 16, batch: int = 4) -> torch.Tensor:
    with torch.inference_mode():
        return ContextualStrings(FORWARD, BACKWARD, chunk=chunk, batch=batch)([place(text) for text in words])


@settings(max_examples=25)
@given(words=texts, chunk=st.integers(1, 30), batch=st.integers(1, 7))
def test_same_at_any_chunk_and_batch_size(words: List[List[str]], chunk: int, batch: int) -> None:
    whole = read(words, chunk=1000, batch=100)
    assert whole.shape == (sum(map(len, words)), 20)
    torch.testing.assert_close(read(words, chunk, batch), whole, rtol=1e-4, atol=1e-5)


@settings(max_examples=10)
@given(words=texts)
def test_same_alone(words: List[List[str]]) -> None:
    together = read(words)
    alone = torch.cat([read([text]) for text in words])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_states_are_those_of_the_paper() -> None:
    """Forward after the last character of a token, backward after its first."""
    words = ["ab", "c", "def"]
    text = " ".join(words)
    found = read([words])

    def states(model: CharLM, characters: str) -> torch.Tensor:
        ids = [SEPARATOR, *model.vocabulary.encode(characters).tolist()]
        with torch.inference_mode():
            return model.read(torch.tensor(ids).unsqueeze(1))[0][-1, 0]

    torch.testing.assert_close(found[1, :12], states(FORWARD, "ab c"), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found[1, 12:], states(BACKWARD, text[3:][::-1]), rtol=1e-4, atol=1e-5)


def test_directions_mirror_each_other() -> None:
    """With the same weights, backward on a text is forward on its mirror image."""
    words = ["ab", "c", "def"]
    mirrored = [word[::-1] for word in reversed(words)]
    with torch.inference_mode():
        backward = ContextualStrings(None, FORWARD)([place(words)])
        forward = ContextualStrings(FORWARD, None)([place(mirrored)])
    torch.testing.assert_close(backward, forward.flip(0), rtol=1e-4, atol=1e-5)


def test_nothing_to_read() -> None:
    assert read([[], []]).shape == (0, 20)
    torch.testing.assert_close(read([[], ["a"], []]), read([["a"]]))


def test_a_long_word_and_unknown_characters() -> None:
    found = read([["ab" * 5000], ["дом", "👩‍👩‍👧"]], chunk=64)
    assert found.shape == (3, 20) and bool(found.isfinite().all())


def test_no_gradient_where_none_is_wanted() -> None:
    module = ContextualStrings(tiny_lm(), None)
    module([place(["ab", "c"])]).sum().backward()
    read = {name: weight for name, weight in module.named_parameters() if "output" not in name and "direct" not in name}
    assert all(weight.grad is not None for weight in read.values())
    assert not module.requires_grad_(False)([place(["ab", "c"])]).requires_grad
