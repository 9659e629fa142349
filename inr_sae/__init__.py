"""Which layers of a cohort-trained implicit neural representation transfer, and what those layers encode."""

__version__ = "0.2.0"
DETERMINISTIC = "--xla_gpu_deterministic_ops=true"  # of XLA_FLAGS; CPUs and TPUs repeat themselves anyway
