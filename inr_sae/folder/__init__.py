"""A run's folder: files that appear whole, the ledger of their digests, checkpoints, the manifest."""
