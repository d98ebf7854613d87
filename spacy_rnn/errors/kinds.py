"""Kinds of errors that a user can correct."""


class UserError(ValueError):
    """A mistake that the user can correct. The command line prints its message and nothing else."""


class SettingError(UserError):
    """A setting is unknown, out of range, or does not go with another one."""


class AnnotationError(UserError):
    """A component misses annotations or labels that it needs, or cannot use them."""


class NotInitializedError(UserError):
    """A component or layer is used before it is initialized, or a result is asked for that was not kept."""


class ModelFileError(UserError):
    """A pipeline, a component or a language model is missing, damaged or of another kind."""


class CorpusError(UserError):
    """A corpus cannot be found, fetched, read, converted or written."""


class TrainingError(UserError):
    """A training was stopped or cannot continue."""
