"""Conditional random fields over entities."""
