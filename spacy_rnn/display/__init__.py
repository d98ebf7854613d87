"""Pictures of what a network did, for a notebook or a file."""

from .tree import render_tree

__all__ = ["render_tree"]
