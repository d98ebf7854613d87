"""Pictures of what a network did, for a notebook or a file."""

from .attention import explain
from .tree import render_tree

__all__ = ["explain", "render_tree"]
