"""Vectors of words: of tables, of characters, and of what is known of them beforehand."""
