"""Pictures of trees: well-formed, complete, readable."""

from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple
from xml.etree import ElementTree

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from spacy_rnn.display import render_tree
from spacy_rnn.display.colours import ink_on, label_colours, text_width, value_colour

from ..tree_helpers import tree_doc

NLP = spacy.blank("en")
SVG = "{http://www.w3.org/2000/svg}"
Rect = Tuple[float, float, float, float]


def labelled(words: str, heads: Sequence[int], labels: Sequence[str] = ("0", "1", "2")) -> Doc:
    doc = tree_doc(NLP, words, heads)
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(len(labels)), size=len(doc))
    doc._.tree_rnn = {"labels": list(labels), "scores": scores, "best": scores.argmax(axis=1)}
    return doc


def draw(doc: Any, **settings: Any) -> ElementTree.Element:
    svg = render_tree(doc, jupyter=False, **settings)
    assert svg is not None
    return ElementTree.fromstring(svg)


def boxes(picture: ElementTree.Element) -> List[Rect]:
    """Left, top, right and bottom of each word's box."""
    found = []
    for group in picture.findall(f"{SVG}g"):
        if group.find(f"{SVG}title") is not None:
            rect: Any = group.find(f"{SVG}rect")
            x, y, width, height = (float(rect.get(name)) for name in ("x", "y", "width", "height"))
            found.append((x, y, x + width, y + height))
    return found


LONG = labelled("word " * 60, [*range(1, 30), 30, 30, *range(30, 59)])
CASES: Dict[str, Any] = {
    "sentence": labelled("a very good film indeed", [3, 2, 3, 3, 3]),
    "crossing": labelled("a b c d", [2, 3, 3, 3]),
    "two sentences": labelled("a b c d", [1, 1, 3, 3]),
    "one word": labelled("x", [0]),
    "long": LONG,
}


@pytest.mark.parametrize("direction", ["auto", "down", "right"])
@pytest.mark.parametrize("name", CASES)
def test_every_word_has_a_box_of_its_own(name: str, direction: str) -> None:
    """Inside the picture, none over another, an edge for each but the roots."""
    doc = CASES[name]
    picture = draw(doc, direction=direction)
    found = boxes(picture)
    assert len(found) == len(doc)
    width, height = float(picture.get("width", 0)), float(picture.get("height", 0))
    assert all(0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height for x1, y1, x2, y2 in found)
    for i, (x1, y1, x2, y2) in enumerate(found):
        assert not any(x1 < u2 and u1 < x2 and y1 < v2 and v1 < y2 for u1, v1, u2, v2 in found[i + 1 :])
    assert len(picture.findall(f"{SVG}path")) == sum(token.head.i != token.i for token in doc)


def test_words_stay_in_order() -> None:
    across = [(x1 + x2) / 2 for x1, _, x2, _ in boxes(draw(LONG, direction="down"))]
    down = [y1 for _, y1, _, _ in boxes(draw(LONG, direction="right"))]
    assert across == sorted(across) and down == sorted(down)


def test_long_sentences_are_not_wide() -> None:
    """Where there are too many words for a page's width, each has a line of its own."""
    flat = labelled("word " * 60, [0] * 60)
    assert float(draw(flat).get("width", 0)) < 400 < 2000 < float(draw(flat, direction="down").get("width", 0))


def test_what_is_written() -> None:
    doc = labelled("a <b> & film", [3, 3, 3, 3], labels=("bad & worse", "good"))
    picture = draw(doc)
    texts = ["".join(text.itertext()) for text in picture.iter(f"{SVG}text")]
    assert {"a", "<b>", "&", "film", "ROOT", "dep0", "bad & worse", "good"} <= set(texts)
    titles = ["".join(title.itertext()) for title in picture.iter(f"{SVG}title")]
    assert titles[3].splitlines()[0] == "a <b> & film"
    assert titles[0].splitlines()[1:] == [
        f"{label}: {score:.3f}" for label, score in zip(("bad & worse", "good"), doc._.tree_rnn["scores"][0])
    ]


def test_long_words_and_spaces_are_shown_short() -> None:
    doc = labelled("x" * 300, [0])
    assert float(draw(doc).get("width", 0)) < 600
    space = Doc(NLP.vocab, words=["a", "\n\n"], heads=[0, 0], deps=["ROOT", "x"])
    space._.tree_rnn = {"labels": ["0", "1"], "scores": np.ones((2, 2)) / 2, "best": np.zeros(2, dtype=int)}
    assert "␣" in (render_tree(space, jupyter=False) or "")


def test_files(tmp_path: Path) -> None:
    doc = CASES["sentence"]
    svg, page = render_tree(doc, jupyter=False), render_tree(doc, page=True, jupyter=False)
    render_tree(doc, path=tmp_path / "tree.svg")
    render_tree(doc, path=tmp_path / "tree.html")
    with pytest.raises(ValueError, match=r"R034.*tree\.png.*\.svg, \.html"):
        render_tree(doc, path=tmp_path / "tree.png")
    assert not (tmp_path / "tree.png").exists()
    assert (tmp_path / "tree.svg").read_text(encoding="utf8") == svg
    assert (tmp_path / "tree.html").read_text(encoding="utf8") == page
    assert page is not None and svg is not None and svg in page and page.startswith("<!DOCTYPE html>")


def test_a_part_of_a_document() -> None:
    doc = CASES["two sentences"]
    assert len(boxes(draw(next(doc.sents)))) == 2
    assert len(boxes(draw(doc[1:4]))) == 3


def test_cycles_are_drawn() -> None:
    from spacy.attrs import HEAD

    doc = labelled("a b c", [2, 2, 2])
    doc.from_array([HEAD], np.array([[1], [-1 % 2**64], [0]], dtype=np.uint64))  # type: ignore[arg-type]
    assert len(boxes(draw(doc))) == 3


def test_nothing_to_draw() -> None:
    assert boxes(draw(Doc(NLP.vocab))) == []
    with pytest.raises(ValueError, match="R150"):
        render_tree(Doc(NLP.vocab, words=["a"]))
    with pytest.raises(ValueError, match="R159.*save_scores"):
        render_tree(tree_doc(NLP, "a b", [1, 1]))
    with pytest.raises(ValueError, match="R001.*direction"):
        render_tree(CASES["sentence"], direction="up")  # type: ignore[arg-type]


# ---- colours


def test_ordered_labels_lie_on_a_scale() -> None:
    low, middle, high = label_colours(["0", "1", "2"])
    assert low[0] > low[2] and high[2] > high[0] and len(set(middle)) == 1
    assert label_colours(["negative", "positive"]) == [low, high]
    assert len(set(label_colours(list("abcdefgh")))) == 8
    assert label_colours(["only"]) == label_colours(["a"])


def test_the_likelier_the_stronger() -> None:
    colours = label_colours(["0", "1"])
    weak, strong = (value_colour(np.array([1 - p, p]), 1, colours) for p in (0.5, 1.0))
    assert strong == colours[1] and sum(weak) > sum(strong)
    assert value_colour(np.array([0.2, 0.3]), -1, colours) == (255, 255, 255)
    low, high = (value_colour(np.array([value]), -1, []) for value in (-3.0, 2.5))
    assert low[0] > low[2] and high[2] > high[0]


def test_letters_can_be_read() -> None:
    assert ink_on((255, 255, 255)) == ink_on((214, 214, 214)) != ink_on((20, 40, 120))


def test_width_of_words() -> None:
    assert text_width("日本") > text_width("ab") and text_width("mm") > text_width("ii") > 0
    assert text_width("e\u0301") == text_width("e")
