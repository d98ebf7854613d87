"""Pictures of what the components found."""

from .tree import render_tree

__all__ = ["render_tree"]
