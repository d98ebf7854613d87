"""Morphological dictionaries of several formats."""
