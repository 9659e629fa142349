"""One file a stage of a study, each with `run(config, store)`."""
