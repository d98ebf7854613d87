"""Raw text for language models and word vectors."""
