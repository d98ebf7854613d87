"""What every part of the package uses and none of which needs torch: checks, files, caches, trees, hashing."""
