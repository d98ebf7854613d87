"""Pictures of what a network did, as HTML for a notebook or a file."""
