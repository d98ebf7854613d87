"""Text categorizers side by side: on one set of texts, trained and measured in one run."""
