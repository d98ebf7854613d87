"""Kinds of errors that a user can mend."""


class UserError(ValueError):
    """A mistake that the user can mend. The message is for the user; the command line prints it and nothing else."""


class SettingError(UserError):
    """A setting that is unknown, out of range, or does not go with another one."""


class AnnotationError(UserError):
    """Annotations or labels that a component needs and does not find, or cannot use."""


class NotInitializedError(UserError):
    """A component or layer that is used before it was initialized, trained or loaded, or a result that was not asked
    for."""


class ModelFileError(UserError):
    """A file of weights, a saved component or a language model that is missing, damaged or foreign."""


class CorpusError(UserError):
    """A corpus that cannot be found, fetched, read, converted or written."""


class TrainingError(UserError):
    """A training that was stopped or cannot go on."""
