"""Documents from files through a pipeline to files, in one process, in several, or on a Ray cluster."""

from .run import ApplySettings, apply_pipeline

__all__ = ["ApplySettings", "apply_pipeline"]
