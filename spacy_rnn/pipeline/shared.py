"""The gradient that a component sends to an encoder which it shares with others."""

from contextlib import contextmanager
from typing import Any, Callable, Iterator, List

from spacy.pipeline.tok2vec import Tok2VecListener
from thinc.api import Model

from ..base.distributed import all_reduce


class SharedGradient:
    """Makes sums of the gradients that the listeners of a model send on. The loss of our components is a mean over a
    batch and that of spaCy's own ones a sum, and an encoder of both is to learn from both alike."""

    def __init__(self, model: Model):
        self._listeners: List[Any] = [node for node in model.walk() if isinstance(node, Tok2VecListener)]
        self._factor = 1.0

    @contextmanager
    def sent(self) -> Iterator[None]:
        """In the block, the model is called with a batch, and its backpropagation."""
        before = [listener._backprop for listener in self._listeners]
        for listener, backprop in zip(self._listeners, before):
            if backprop is not None:
                listener._backprop = self._multiplied(backprop)
        try:
            yield
        finally:
            for listener, backprop in zip(self._listeners, before):
                listener._backprop = backprop

    def undo_mean(self, n: int) -> None:
        """Say what the mean is over: so many rows of this process."""
        if self._listeners:
            self._factor = all_reduce(n)

    def _multiplied(self, backprop: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda gradient: backprop([self._factor * part for part in gradient])
