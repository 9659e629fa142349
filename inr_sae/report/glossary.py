"""What the columns of the table of dictionaries are; those of single atoms have these names without the ending."""

QUARTILES = {"_median": "median over alive atoms", "_q25": "first quartile", "_q75": "third quartile"}
DICTIONARY = {  # without the ending of a quartile
    "layer": "the encoder's layer, or unit, whose activations H are decomposed",
    "n_atoms": "directions of the dictionary",
    "k": "codes of a coordinate that may differ from 0",
    "mse": "mean squared error of the reconstruction of H",
    "r2": "1 - squared error over H's squared deviation from its mean: 1 is exact, 0 no better than the mean",
    "alive_fraction": "share of the atoms whose code differs from 0 anywhere on the grid",
    "dead_fraction": "share of the atoms that never fire (z > 0)",
    "l0": "codes of a coordinate that fire (z > 0), in the mean",
    "spatial_l0": "share of the pixels where an alive atom fires, mean over these",
    "active_fraction": "share of the pixels where an atom's code is above 0.01",
    "ipr": "inverse participation ratio of its map, 1 at one pixel, 1 / pixels evenly: sum z^4 / (sum z^2)^2",
    "concentration": "mean magnitude of the strongest atom over that of ranks 2 to 16",
    "locality": "how compact a map is: 1 a disc, 0 pixels at random",
    "spread": "root mean squared distance of a map from its centroid, in pixels",
    "extent": "that over the same of the evenly lit image: 1 as wide as the image, near 0 a spot",
    "content": "largest |correlation| of a map with a signal of the training, in luminance",
    "content_gradient": "the same with those signals' gradient magnitude",
    "content_shuffled": "the same with the signals moved aside at random: a null",
    "content_gradient_shuffled": "the same with the gradients moved aside: a null",
    "content_held_out": "the same with content_compared held-out signals: the kind of image, not these",
    "content_of_as_many": "the same with as many signals of the training",
    "content_share": "content above content_shuffled, as a share of what an exact copy of a signal has",
    "content_share_cohort": "content_of_as_many above content_held_out, likewise",
    "content_compared": "signals on each side of that comparison",
    "psnr_substituted_db": "PSNR of the cohort with H replaced by its reconstruction, dB",
    "psnr_db": "PSNR of the cohort as the network gives it, dB",
}


def told(columns):
    """A line of text for each of some columns, as a reader opens them beside the table."""
    return "\n".join(f"{column:<34}{meaning(column)}" for column in columns)


def meaning(column):
    """What a column is, with what its ending says."""
    for ending, which in QUARTILES.items():
        if column.endswith(ending):
            return f"{DICTIONARY[column.removesuffix(ending)]}; {which}"
    return DICTIONARY[column]
