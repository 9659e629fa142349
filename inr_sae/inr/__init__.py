"""Implicit neural representations: one encoder that M signals share, a linear head each (Eq. 1), and fitting them.

Symbols, in all files: x (N, 2) coordinates; h (N, d) activations; M signals of C channels; an encoder is a sequence of
units (layers, as a rule), of which `tau` indexes one. Parameters are {"encoder": {"units", "constants"}, "heads"}.
"""
