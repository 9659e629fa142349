"""Which layers of a cohort-trained implicit neural representation transfer, and what those layers encode."""

__version__ = "0.1.0"
