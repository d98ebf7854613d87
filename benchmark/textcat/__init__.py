"""Text categorizers side by side: trained and measured on one set of texts, in one run."""
