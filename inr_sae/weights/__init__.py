"""Whether class signal in the weights of fitted networks is clustered, or routed by the network that reads them.

A sine network whose starting weights are learned is fitted to an image by a few gradient steps; the offsets of its
weights are tokens, and a transformer reads the image's class off them (after Functa and the Meta Weight Transformer,
arXiv 2503.18123; the question is that of arXiv 2605.08281). Symbols:

    N, C       pixels of an image and its channels; images are (N, C) here, in [-1, 1]
    L, d       adapted layers (those behind the first) and their width
    offset     (L, d, d + 1): of each neuron its incoming weights' offset, and last its bias's
    tokens     (B, L d, d + 1): the offsets of B images, one token a neuron
    rates      (k, L, d, d + 1): the learned rate of each of k steps and each adapted parameter
"""
