"""Encoder-decoders: the network, its decoder, and the search for the best output."""
