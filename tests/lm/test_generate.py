"""Drawing texts: the laws of sampling, and the same texts for the same seed."""

from pathlib import Path
from typing import Any, Dict, List

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_rnn.errors import CorpusError
from spacy_rnn.lm.generate import draw, generate, sampling
from spacy_rnn.models.char_lm_file import LoadedLM, load_lm

from .helpers import write_lm

rows = st.lists(st.floats(-8, 8), min_size=1, max_size=12).map(lambda row: torch.tensor([row]))


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> LoadedLM:
    return load_lm(Path(write_lm(tmp_path_factory.mktemp("lm") / "lm.safetensors")))


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LoadedLM:
    return load_lm(Path(write_lm(tmp_path_factory.mktemp("lm") / "lm.safetensors", labels=["x", "y"])))


@settings(max_examples=60)
@given(logits=rows, k=st.integers(0, 15), p=st.floats(0.01, 1.0), temperature=st.floats(0.1, 3))
def test_sampling_laws(logits: torch.Tensor, k: int, p: float, temperature: float) -> None:
    found = sampling(logits, temperature, k, p)[0]
    full = (logits[0].double() / temperature).softmax(0)
    kept = found > 0
    assert found.sum().item() == pytest.approx(1.0)
    assert 1 <= int(kept.sum()) <= (k or len(full))
    # What is kept is likelier than what is not, and in proportion to what it was.
    assert not (~kept).any() or full[kept].min() >= full[~kept].max() - 1e-12
    torch.testing.assert_close(found[kept], full[kept] / full[kept].sum())
    if not k:
        # The fewest that reach p: without the last one they would not.
        mass = full[kept].sum().item()
        assert mass >= p - 1e-9 and mass - full[kept].min().item() < p + 1e-9


@settings(max_examples=30)
@given(logits=rows)
def test_limits_of_sampling(logits: torch.Tensor) -> None:
    likeliest = torch.zeros(logits.shape[1], dtype=torch.float64)
    likeliest[int(logits[0].argmax())] = 1.0
    for found in (sampling(logits, 0, 0, 1.0), sampling(logits, 1.0, 1, 1.0), sampling(logits, 1.0, 0, 1e-9)):
        assert found.max() == 1.0 and logits[0][int(found.argmax())] == logits.max()
    torch.testing.assert_close(sampling(logits, 1.0, 0, 1.0), logits.double().softmax(1))


@given(st.lists(st.floats(0, 0.999999), min_size=1, max_size=5))
def test_draw_is_the_inverse_of_the_distribution(numbers: List[float]) -> None:
    probabilities = torch.tensor([[0.0, 0.25, 0.0, 0.75]]).double().expand(len(numbers), -1)
    assert draw(probabilities, numbers).tolist() == [1 if number < 0.25 else 3 for number in numbers]


def test_same_seed_same_texts(lm: LoadedLM) -> None:
    first = generate(lm, n=4, seed=3, max_chars=30)
    torch.rand(2)
    assert generate(lm, n=4, seed=3, max_chars=30) == first
    assert generate(lm, n=2, seed=3, max_chars=30) == first[:2]
    assert generate(lm, n=4, seed=4, max_chars=30) != first
    assert len(set(first)) > 1


def test_texts(lm: LoadedLM) -> None:
    texts = generate(lm, n=30, max_chars=12, prompt="The ca")
    assert all(text.startswith("The ca") and len(text) <= 12 for text in texts)
    assert all(text and "\n" not in text and "\ufffd" not in text for text in generate(lm, n=30, max_chars=12))
    assert len(set(generate(lm, n=5, temperature=0, max_chars=12))) == 1


def test_a_prompt_of_unknown_characters_stays(lm: LoadedLM) -> None:
    assert all(text.startswith("Ж") for text in generate(lm, n=3, prompt="Ж", max_chars=5))


def test_a_long_prompt_is_left_alone(lm: LoadedLM) -> None:
    assert generate(lm, prompt="a" * 50, max_chars=20) == ["a" * 50]


def test_backward_models_write_towards_the_beginning(tmp_path: Path) -> None:
    lm = load_lm(Path(write_lm(tmp_path / "lm.safetensors", backward=True)))
    assert all(text.endswith("cat.") for text in generate(lm, n=5, prompt="cat.", max_chars=15))


def test_labels(lm: LoadedLM, labelled: LoadedLM) -> None:
    assert generate(labelled, n=5, label="x", max_chars=20) != generate(labelled, n=5, label="y", max_chars=20)
    for model, label in ((labelled, None), (labelled, ""), (lm, "x")):
        with pytest.raises(CorpusError, match="D205"):
            generate(model, label=label)
    with pytest.raises(CorpusError, match="D202"):
        generate(labelled, label="z")


@pytest.mark.parametrize(
    "setting", [{"temperature": -1}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.5}, {"n": 0}, {"max_chars": 0}]
)
def test_settings_out_of_range(lm: LoadedLM, setting: Dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="R005"):
        generate(lm, **setting)
