"""Measures the components of this project beside others: `python -m benchmark`, or `python PATH/TO/benchmark`."""
