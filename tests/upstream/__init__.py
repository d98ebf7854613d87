"""spaCy's own tests of its components, run on ours: `make test-upstream`."""
