"""Images to float32 arrays in [0, 1], split into cohort, validation and test; the door is `load.py`."""
