"""How many threads torch computes with."""

from typing import Callable

from spacy.language import Language

from ..base.checks import check_at_least


def build_set_threads_v1(threads: int = 1) -> Callable[[Language], Language]:
    """A callback for `initialize.before_init` that sets the number of threads for training.

    By default torch uses all cores, which is slower for matrices of this size, and many times slower if other programs
    use the same cores. Raises SettingError for fewer than one thread.
    """
    check_at_least("threads", threads, 1)

    def set_threads(nlp: Language) -> Language:
        import torch  # on use, because spaCy imports this module whenever it looks up a callback

        torch.set_num_threads(threads)
        return nlp

    return set_threads
