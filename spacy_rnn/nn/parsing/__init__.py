"""Graph-based dependency parsing: scores of arcs and labels, the best trees, and marginal probabilities."""
