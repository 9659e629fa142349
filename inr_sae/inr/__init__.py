"""Implicit neural representations as pure functions on pytrees; the door is `network.py`."""
