"""What a run leaves behind: files, checkpoints, figures, tables, the page."""
