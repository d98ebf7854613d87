"""How many threads torch computes with."""

from typing import Callable

from spacy.language import Language

from ..errors import Errors, SettingError


def build_set_threads_v1(threads: int = 1) -> Callable[[Language], Language]:
    """A callback for `initialize.before_init` that lets training compute with this many threads.

    By default torch takes all cores, which is slower for matrices of this size, and many times slower where other
    programs want the same cores. Raises ValueError for fewer than one thread.
    """
    if threads < 1:
        raise SettingError(Errors.R005.format(name="threads", value=threads, expected="a whole number from 1 on"))

    def set_threads(nlp: Language) -> Language:
        import torch  # on use, since spaCy imports this module whenever it looks up a callback

        torch.set_num_threads(threads)
        return nlp

    return set_threads
