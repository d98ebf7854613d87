"""Text categorizers as they come, trained on small sets of different kinds."""
