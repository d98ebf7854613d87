"""The pipeline components. Light to import: torch comes with the models."""
