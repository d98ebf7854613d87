"""Character language models as a feature of tokens in context."""

from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc
from thinc.api import Model, chain, to_numpy
from thinc.types import Floats2d
from torch import Tensor

from ...base.cache import ArrayCache
from ...base.checks import check_at_least
from ...errors import Errors, ModelFileError, SettingError
from ...nn.char_lm import CharLM, current_sizes
from ...nn.contextual import ContextualStrings, TextPlaces
from ...nn.linear import Maxout
from ...shim import Precision, TorchShim, in_plain_torch, shim_of, to_array, torch_layer
from ...shim.serialize import load_state
from ...types import Array
from ..char_lm_file import load_lm
from ..types import TokenFeature
from .layer import run_torch_feature, run_torch_layer
from .text import text_units

DIRECTIONS = ("forward", "backward")


def build_char_lm_embed_v1(
    forward: Optional[str] = None,
    backward: Optional[str] = None,
    width: int = 256,
    fine_tune: bool = False,
    chunk: int = 128,
    kept_tokens: int = 500000,
    precision: Precision = "auto",
) -> TokenFeature:
    """Contextual string embeddings (Akbik et al. 2018): the states of character language models at each token, through
    a learned maxout layer.

    forward, backward: files that `spacy-rnn train-lm` wrote; one of them may be null. They are read when the pipeline
        is initialized and saved with it. A trained pipeline no longer needs them.
    width: of a token's vector, after the maxout layer.
    fine_tune: train the language models further.
    chunk: the number of characters of each text that are read at once. The state is carried on, so the result does not
        depend on it.
    kept_tokens: the number of tokens whose states are kept in training, since those of models that are not fine-tuned
        come back in every epoch. A token takes 2 bytes for each unit of the models.
    precision: "auto", "bf16" or "fp32".
    Raises SettingError for a setting out of range; initializing raises ModelFileError for a file that cannot be used.
    """
    check_at_least("width", width, 1)
    check_at_least("chunk", chunk, 1)
    check_at_least("kept_tokens", kept_tokens, 0)
    build = partial(build_contextual, chunk=chunk, fine_tune=fine_tune)
    lms: Model = Model(
        "char_lms",
        lms_forward,
        init=lms_init,
        shims=[TorchShim(build, precision=precision)],
        attrs={
            "paths": {"forward": forward, "backward": backward},
            "fine_tune": fine_tune,
            "cache": ArrayCache(0 if fine_tune else kept_tokens),
        },
    )
    project: Model[Floats2d, Floats2d] = Model(
        "project",
        run_torch_layer,
        shims=[TorchShim(partial(Maxout, output_size=width), precision=precision)],
        dims={"nO": width},
        attrs={"dropout_rate": 0.0},
    )
    embed: TokenFeature = chain(lms, project)
    embed.name, embed.init = "char_lm_embed", embed_init
    return embed


def build_contextual(*, chunk: int, fine_tune: bool, **sizes: Any) -> ContextualStrings:
    """The language models of both directions. sizes: the arguments of `CharLM`, with a direction and an underscore
    before their names."""
    models: Dict[str, Optional[CharLM]] = {}
    for direction in DIRECTIONS:
        own = {name.removeprefix(f"{direction}_"): n for name, n in sizes.items() if name.startswith(f"{direction}_")}
        models[direction] = CharLM(**current_sizes(own)) if own else None
    module = ContextualStrings(models["forward"], models["backward"], chunk=chunk)
    return module.requires_grad_(fine_tune)


@in_plain_torch
def lms_init(model: Model, X: Any = None, Y: Any = None) -> None:
    """Read the language models from their files."""
    sizes: Dict[str, Any] = {}
    state: Dict[str, Tensor] = {}
    for direction, path in model.attrs["paths"].items():
        if path is not None:
            lm = read_direction(Path(path), direction)
            sizes.update({f"{direction}_{name}": size for name, size in lm.sizes.items()})
            state.update({f"{direction}_lm.{name}": tensor for name, tensor in lm.state_dict().items()})
    if not sizes:
        raise SettingError(Errors.R203)
    shim = shim_of(model)
    shim.resize(sizes)
    load_state(shim.module, state)
    shim.mark_changed()


def read_direction(path: Path, direction: str) -> CharLM:
    """Load a model. Raises ModelFileError if it does not read in this direction."""
    lm = load_lm(path)
    if lm.backward != (direction == "backward"):
        reason = f"it reads {DIRECTIONS[lm.backward]} and is given as the {direction} one"
        raise ModelFileError(Errors.R202.format(path=path, reason=reason))
    return lm.model


@in_plain_torch
def lms_forward(model: Model, docs: List[Doc], is_train: bool) -> Tuple[Floats2d, Callable]:
    """The states at each token, (n_tokens, output_size)."""
    shim, module = torch_layer(model)
    places = [token_places(doc) for doc in docs]
    if model.attrs["fine_tune"] or not is_train:
        return run_torch_feature(shim, (places,), is_train)

    keys = list(map(text_key, places))
    texts = dict(zip(keys, places))

    def compute(missing: List[bytes]) -> List[Array]:
        asked = [texts[key] for key in missing]
        # In 16 bits, since there are many of them.
        states = to_numpy(to_array(shim.predict((asked,)))).astype(np.float16)
        return np.split(states, np.cumsum([len(text.starts) for text in asked])[:-1])

    written = sum(parameter._version for parameter in module.parameters())
    states: Any = np.concatenate(model.attrs["cache"].lookup(keys, (module, written, shim.precision), compute))
    return model.ops.asarray2f(states.astype(np.float32)), lambda d_states: []


def text_key(text: TextPlaces) -> bytes:
    """A key for a text and the places of its tokens. It starts with their number, so that no two texts share one."""
    return b"".join(column.tobytes() for column in (np.array([len(text.starts)]), *text))


def token_places(doc: Doc) -> TextPlaces:
    """A document's text, and where its tokens stand in it."""
    starts, sizes = doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2).T
    return TextPlaces(text_units(doc.text, "char"), starts, starts + sizes)


def embed_init(model: Model, X: Any = None, Y: Any = None) -> None:
    """Build the maxout layer for the width of the language models."""
    lms, project = model.layers
    lms.initialize()
    module = shim_of(lms).module
    assert isinstance(module, ContextualStrings)
    shim_of(project).resize({"input_size": module.output_size})
    shim_of(project).initialize()
