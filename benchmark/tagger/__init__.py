"""Taggers side by side: trained and measured on one treebank, each in a process of its own."""
