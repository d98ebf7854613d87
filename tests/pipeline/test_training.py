"""Training: dropout, averages, rehearsal, seeds and errors."""

from typing import Any, Dict, List

import numpy as np
import pytest
import spacy
import torch
from spacy.tokens import Doc
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from spacy_rnn.nn.dropout import SequenceDropout
from spacy_rnn.nn.rnn import CELLS
from spacy_rnn.pipeline.losses import softmax_groups

from ..helpers import (
    ODD_TEXTS,
    SENTENCES,
    TEXTS,
    Row,
    annotations,
    component,
    make_examples,
    tag,
    tagger_nlp,
    torch_shims,
    train,
    trained_tagger,
)


def probabilities(nlp: Any, texts: List[str] = TEXTS) -> Any:
    tagger = component(nlp)
    scores = tagger.model.predict([nlp.make_doc(text) for text in texts])
    return softmax_groups(scores, tagger.codec.groups.values())


def without_noise(nlp: Any) -> Any:
    """Turn off word and character dropout, which act in every update."""
    for node in component(nlp).model.walk():
        for name in ("word_dropout", "char_dropout"):
            if name in node.attrs:
                node.attrs[name] = 0.0
    return nlp


@pytest.mark.parametrize("cell", CELLS)
def test_overfits(cell: str) -> None:
    nlp = tagger_nlp(cell=cell)
    # Each sentence twice, since a set of features is a label only if it occurs twice.
    losses = train(nlp, make_examples(nlp, SENTENCES * 2), 100)
    assert losses[-1] < 0.05 * losses[0]
    assert [annotations(doc) for doc in nlp.pipe(example.x for example in make_examples(nlp))] == SENTENCES


def test_dropout_acts() -> None:
    """Rates given to `update` reach every layer, and only for that update."""
    nlp = without_noise(trained_tagger(10))
    docs = [nlp.make_doc(text) for text in TEXTS]
    model = component(nlp).model

    def rates() -> set:
        modules = [module for shim in torch_shims(model) for module in shim.module.modules()]
        return {module.p for module in modules if isinstance(module, SequenceDropout)}

    def losses(drop: float) -> List[float]:
        return [component(nlp).update(make_examples(nlp), drop=drop)["rnn_tagger"] for _ in range(3)]

    plain = losses(0.0)
    assert rates() == {0.0} and np.allclose(plain, plain[0], rtol=1e-5)
    dropped = losses(0.5)
    assert rates() == {0.5} and len({round(loss, 4) for loss in dropped}) == 3
    first, second = (model.predict(docs) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_dropout_of_the_config_is_used() -> None:
    """The rate that `spacy train` passes is the one of `training.dropout`."""
    nlp = tagger_nlp()
    train(nlp, make_examples(nlp), 1, drop=0.25)
    found = {
        module.p
        for shim in torch_shims(component(nlp).model)
        for module in shim.module.modules()
        if isinstance(module, SequenceDropout)
    }
    assert found == {0.25}


def test_averages_act_on_every_weight() -> None:
    nlp = tagger_nlp()
    data = make_examples(nlp)
    nlp.initialize(lambda: data)
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(10):
        nlp.update(data, sgd=optimizer)
    shims = torch_shims(component(nlp).model)
    assert {key for shim in shims for key in ((shim.id, name) for name, _ in shim.module.named_parameters())} <= set(
        optimizer.averages
    )
    own = probabilities(nlp)
    with nlp.use_params(optimizer.averages):
        averaged = probabilities(nlp)
        saved = nlp.to_bytes()
    assert not np.allclose(averaged, own)
    np.testing.assert_array_equal(probabilities(nlp), own)
    reloaded = tagger_nlp().from_bytes(saved)
    np.testing.assert_allclose(probabilities(reloaded), averaged, atol=1e-6)


def test_averages_are_put_back_after_an_error() -> None:
    nlp = tagger_nlp()
    data = make_examples(nlp)
    nlp.initialize(lambda: data)
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(5):
        nlp.update(data, sgd=optimizer)
    own = probabilities(nlp)

    def interrupted() -> None:
        with component(nlp).model.use_params(optimizer.averages):
            assert not np.allclose(probabilities(nlp), own)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    np.testing.assert_array_equal(probabilities(nlp), own)


def test_rehearsal_pulls_towards_the_teacher() -> None:
    nlp = without_noise(trained_tagger(40))
    teacher = probabilities(nlp)
    optimizer = nlp.resume_training()
    optimizer.learn_rate = 0.01
    other: List[List[Row]] = [[(word, "X", ".", "") for word, *_ in sentence] for sentence in SENTENCES]
    for _ in range(15):
        nlp.update(make_examples(nlp, other), sgd=optimizer)
    before = np.abs(probabilities(nlp) - teacher).sum()
    bare = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]
    weights = [p.detach().clone() for shim in torch_shims(component(nlp).model) for p in shim.module.parameters()]
    history = [nlp.rehearse(bare, sgd=optimizer)["rnn_tagger"] for _ in range(60)]
    after = np.abs(probabilities(nlp) - teacher).sum()
    assert before > 1.0 and after < 0.5 * before
    assert 0 < history[-1] < 0.3 * history[0]
    changed = [p for shim in torch_shims(component(nlp).model) for p in shim.module.parameters()]
    assert all(not torch.equal(old, new) for old, new in zip(weights, changed))
    # `nlp.rehearse` changes weights directly, which must empty the cache of word vectors.
    nlp.rehearse(bare, sgd=optimizer)
    np.testing.assert_allclose(probabilities(nlp), probabilities(tagger_nlp().from_bytes(nlp.to_bytes())), atol=1e-6)


def test_rehearsal_without_a_teacher_does_nothing() -> None:
    nlp = trained_tagger(5)
    before = component(nlp).model.to_bytes()
    bare = [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]
    assert component(nlp).rehearse(bare, sgd=Adam(0.1)) == {"rnn_tagger": 0.0}
    assert component(nlp).model.to_bytes() == before


def test_training_resumes(tmp_path: Any) -> None:
    nlp = trained_tagger(40)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    optimizer = loaded.resume_training()
    optimizer.learn_rate = 0.01
    new: List[List[Row]] = [
        *SENTENCES,
        [("Yes", "INTJ", "UH", ""), ("cats", "NOUN", "NNS", "Number=Plur"), ("!", "PUNCT", ".", "")],
    ]
    first = loaded.update(make_examples(loaded, new), sgd=optimizer)["rnn_tagger"]
    for _ in range(20):
        last = loaded.update(make_examples(loaded, new), sgd=optimizer)["rnn_tagger"]
    assert last < 0.5 * first
    assert tag(loaded, ["Yes cats !"]) == [new[-1]]


def test_seeds_repeat_training() -> None:
    def run(seed: int) -> bytes:
        fix_random_seed(seed)
        nlp = tagger_nlp()
        train(nlp, make_examples(nlp), 5, drop=0.3)
        return component(nlp).model.to_bytes()

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_initialize_starts_over() -> None:
    """Weights and vocabulary of an earlier training are forgotten."""
    nlp = tagger_nlp()
    data = make_examples(nlp)
    fix_random_seed(1)
    nlp.initialize(lambda: data)
    first = component(nlp).model.to_bytes()
    train(nlp, data, 5)
    assert component(nlp).model.to_bytes() != first
    fix_random_seed(1)
    nlp.initialize(lambda: data)
    assert component(nlp).model.to_bytes() == first


def test_initialize_with_other_labels_builds_another_head() -> None:
    nlp = trained_tagger(5)
    data = make_examples(nlp, [[("a", "NOUN", "XYZ", "Case=Nom"), ("b", "VERB", "NN", "")]])
    train(nlp, data, 40)
    assert [annotations(doc) for doc in nlp.pipe(["a b"])] == [
        [("a", "NOUN", "XYZ", "Case=Nom"), ("b", "VERB", "NN", "")]
    ]


def test_gradients_are_collected_until_an_optimizer_comes() -> None:
    """`training.accumulate_gradient` updates without an optimizer first."""
    whole, parts = (without_noise(tagger_nlp()) for _ in range(2))
    for nlp in (whole, parts):
        fix_random_seed(0)
        nlp.initialize(lambda nlp=nlp: make_examples(nlp))
    sentence = [SENTENCES[1]]
    component(whole).update(make_examples(whole, sentence * 2))
    for _ in range(2):
        component(parts).update(make_examples(parts, sentence))
    for one, other in zip(torch_shims(component(whole).model), torch_shims(component(parts).model)):
        for first, second in zip(one.module.parameters(), other.module.parameters()):
            assert (first.grad is None) == (second.grad is None)
            if first.grad is not None and second.grad is not None:
                # The gradient is a mean over tokens, so two updates give twice that of one.
                torch.testing.assert_close(2 * first.grad, second.grad, rtol=1e-3, atol=1e-6)


def test_odd_documents_in_updates() -> None:
    nlp = trained_tagger(5)
    optimizer = nlp.resume_training()
    odd = [Example(doc, doc.copy()) for doc in nlp.pipe(ODD_TEXTS)]
    for batch in (odd, [odd[0]], [odd[0], odd[0]], odd[:3], []):
        losses: Dict[str, float] = {}
        nlp.update(batch, sgd=optimizer, losses=losses)
        assert all(np.isfinite(loss) for loss in losses.values())
        nlp.rehearse(batch, sgd=optimizer, losses=losses)
    assert component(nlp).update([odd[0]], sgd=optimizer) == {"rnn_tagger": 0.0}
    assert np.isfinite(probabilities(nlp)).all()


def test_documents_without_tokens_cannot_initialize_labels() -> None:
    nlp = tagger_nlp()
    with pytest.raises(ValueError, match="R012"):
        nlp.initialize(lambda: [Example(Doc(nlp.vocab), Doc(nlp.vocab))])


def test_empty_document_in_the_initial_sample() -> None:
    nlp = tagger_nlp()
    empty = Example(Doc(nlp.vocab), Doc(nlp.vocab))
    train(nlp, [empty, *make_examples(nlp), empty], 60)
    assert tag(nlp, TEXTS[:1]) == [SENTENCES[0]]


@pytest.mark.parametrize("name", ["rnn_tagger", "my_tagger"])
def test_infinite_loss_stops_with_the_name_of_the_pipe(name: str) -> None:
    nlp = trained_tagger(2)
    component(nlp).name = name
    with torch.no_grad():
        next(torch_shims(component(nlp).model)[-1].module.parameters()).fill_(float("nan"))
    with pytest.raises(ValueError, match=f"R013.*'{name}'.*learn_rate"):
        nlp.update(make_examples(nlp), sgd=nlp.create_optimizer())


def test_label_smoothing_keeps_probabilities_off_the_ends() -> None:
    sharp, smooth = (trained_tagger(80, attrs=["pos"], label_smoothing=share) for share in (0.0, 0.2))
    assert probabilities(sharp).max() > 0.98
    assert 0.7 < probabilities(smooth).max() < 0.9
    assert tag(smooth, TEXTS)[1][0][1] == "DET"


def test_bf16_agrees_with_fp32() -> None:
    """The same weights predict the same labels in both formats, with a few exceptions."""
    nlp = tagger_nlp(precision="bf16")
    losses = train(nlp, make_examples(nlp), 60)
    assert losses[-1] < 0.05 * losses[0]
    exact = tagger_nlp(precision="fp32").from_bytes(nlp.to_bytes())
    assert tag(nlp, TEXTS) == tag(exact, TEXTS) == SENTENCES
    rng = np.random.default_rng(0)
    vocabulary = [row[0] for sentence in SENTENCES for row in sentence] + ["catted", "doggy", "Sheep", "sleeping"]
    texts = [" ".join(rng.choice(vocabulary, size=10)) for _ in range(100)]
    rows = [[row for rows in tag(pipe, texts) for row in rows] for pipe in (nlp, exact)]
    assert np.mean([one == other for one, other in zip(*rows)]) > 0.98
    difference = np.abs(probabilities(nlp, texts) - probabilities(exact, texts))
    assert 0 < difference.mean() < 0.01
