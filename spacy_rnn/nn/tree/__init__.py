"""Recursive networks over batches of trees."""
