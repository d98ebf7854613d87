"""The settings of a language model and of its training."""

from dataclasses import InitVar, dataclass
from typing import Any, Dict, Literal, Optional, get_args

from ..base.checks import check_at_least, check_between, check_choice, check_share
from ..errors import Errors, SettingError
from ..nn.char_lm import LM_CELLS, LMCell
from ..nn.char_vocabulary import MOST_CHARS
from ..shim import PRECISIONS, Precision

Direction = Literal["forward", "backward"]


@dataclass
class LMSettings:
    """The settings of the network and of its training. Raises SettingError if one is out of range.

    direction: the direction in which the model reads. The two models of a pipeline are trained separately.
    cell, depth, hidden_size: of the recurrent layers.
    char_width: of the vectors of characters and n-grams.
    order, rows, direct: see `CharLM`.
    chars: the size of the vocabulary, with the unknown character and the separator.
    batch, bptt: each update reads `bptt` characters in `batch` places of the text (fewer of a short text), and learns
        no further back (truncated backpropagation through time, Williams & Peng 1990).
    epochs: how often the text is read; a fraction is allowed.
    learn_rate, warmup: the learning rate of Adam (Kingma & Ba 2015) rises for `warmup` updates (a tenth of all at most)
        and then falls to 0 along a cosine. Rows of the table of n-grams change only in updates that read them.
    dropout: share of the units of the last layer dropped.
    grad_clip: the largest norm of the gradient of all weights except the table of n-grams, whose rows Adam scales one
        by one.
    held_out: share of the paragraphs, the last ones, that the model is measured on.
    balance: texts of rare labels are read more often, so that an epoch has all labels equally often (1), as often as
        they occur (0), or something between (0.5: by the square roots).
    steps, clip: the former names of `bptt` and `grad_clip`.
    """

    direction: Direction = "forward"
    cell: LMCell = "lstm"
    depth: int = 1
    hidden_size: int = 512
    char_width: int = 32
    order: int = 7
    rows: int = 2**16
    direct: bool = True
    chars: int = 256
    batch: int = 64
    bptt: int = 100
    epochs: float = 2.0
    learn_rate: float = 0.004
    warmup: int = 100
    dropout: float = 0.0
    grad_clip: float = 1.0
    held_out: float = 0.05
    balance: float = 0.0
    seed: int = 0
    precision: Precision = "auto"
    steps: InitVar[Optional[int]] = None
    clip: InitVar[Optional[float]] = None

    def __post_init__(self, steps: Optional[int], clip: Optional[float]) -> None:
        self.bptt = self.bptt if steps is None else steps
        self.grad_clip = self.grad_clip if clip is None else clip
        check_choice("direction", self.direction, get_args(Direction))
        check_choice("cell", self.cell, LM_CELLS)
        check_choice("precision", self.precision, PRECISIONS)
        for name in ("depth", "hidden_size", "char_width", "order", "rows", "batch", "bptt"):
            check_at_least(name, getattr(self, name), 1)
        check_at_least("chars", self.chars, 3)
        check_at_least("warmup", self.warmup, 0)
        for name in ("epochs", "learn_rate", "grad_clip"):
            if not getattr(self, name) > 0:
                raise SettingError(Errors.R005.format(name=name, value=getattr(self, name), expected="above 0"))
        if self.chars > MOST_CHARS:
            raise SettingError(Errors.R005.format(name="chars", value=self.chars, expected=f"at most {MOST_CHARS}"))
        check_share("held_out", self.held_out)
        check_share("dropout", self.dropout)
        check_between("balance", self.balance, 0.0, 1.0)

    def sizes(self, chars: int, inputs: int) -> Dict[str, Any]:
        """The arguments of `CharLM`."""
        names = ("char_width", "hidden_size", "cell", "depth", "order", "rows", "direct")
        return {"chars": chars, "inputs": inputs, **{name: getattr(self, name) for name in names}}
