"""Character language models: their text, their training, and what they write."""
