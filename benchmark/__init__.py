"""The benchmark: the taggers of this project beside others, trained and measured on the same files."""
