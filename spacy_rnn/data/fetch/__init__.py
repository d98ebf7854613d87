"""Corpora from package indexes and git repositories."""
