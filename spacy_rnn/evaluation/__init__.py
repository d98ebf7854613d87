"""Scores and speed of trained pipelines."""
