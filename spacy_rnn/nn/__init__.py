"""Plain torch modules: recurrent layers, character encoder, pooling. No spaCy, no Thinc."""
