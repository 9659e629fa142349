"""What stages share: the run-once rule, the training loop, batches of fits, sweeps of them, the trained cohort."""
