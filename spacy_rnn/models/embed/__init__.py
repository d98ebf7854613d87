"""Word features: what an encoder reads of each word."""
