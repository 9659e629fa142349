"""What two networks share, what atoms mean, and what steering them does."""

from typing import NamedTuple

from inr_sae.rows.common import ABLATED, CONDITION, NUMBER

_TWO = [("kind", str), *CONDITION, ("other_regime", str), ("other_backbone", str), ("other_seed", int)]
_TWO += [("dictionary_seed", int | None), ("layer", int), ("other_layer", int), ("of", str), ("case", str)]
_TWO_COUNTS = [("n_units", int), ("n_other", int), ("n_excluded", int), ("n_other_excluded", int)]
_PARTNERS = [("best_mean", float), ("matched_mean", float), ("above_0_7_fraction", float), ("overlap_fraction", float)]
_PARTNERS += [("mutual_fraction", float), ("matched_held_out_mean", float), ("beyond_null_fraction", NUMBER)]
PartnersRow = NamedTuple("PartnersRow", [*_TWO, *_TWO_COUNTS, *_PARTNERS])
PartnersRow.__doc__ = (
    "convergence/one_to_one.csv: units or atoms of two networks (of) and their best and their assigned partners; case: "
    "trained, or a null, displaced or untrained. held_out: chosen on one half of the coordinates, scored on the other."
)
_FROM_MANY = [("penalty", float), ("n_targets", int), ("r2", float), ("r2_held_out", float)]
_FROM_MANY += [("r2_one_held_out", float), ("n_weights_mean", float)]
FromManyRow = NamedTuple("FromManyRow", [*_TWO, *_FROM_MANY])
FromManyRow.__doc__ = (
    "convergence/one_to_many.csv: units of the other network, each from all of the first's, by an L1 penalty, relative "
    "to the least that leaves no weight; r2_one: from its one best partner. R² is of all targets together: their "
    "summed error over their summed variance. n_weights: (sum |w|)² / sum w², n of n equal ones."
)
_GROUPS = [("n_units", int), ("n_clusters", int), ("n_shared", int), ("units_in_shared_fraction", float)]
_GROUPS += [("n_pairs", int), ("largest_fraction", float), ("gap", float)]
GroupsRow = NamedTuple("GroupsRow", [*_TWO, *_GROUPS])
GroupsRow.__doc__ = "convergence/many_to_many.csv: clusters of both networks' units, and how many hold units of both."
_LIKENESS = [("cka", NUMBER), ("svcca", NUMBER), ("svcca_held_out", NUMBER)]
_LIKENESS += [("procrustes", NUMBER), ("procrustes_held_out", NUMBER)]
LikenessRow = NamedTuple("LikenessRow", [*_TWO, *_LIKENESS])
LikenessRow.__doc__ = "convergence/likeness.csv: layers of two networks as a whole, every one against every other."
_COSINES = [("by", str), ("mean_max_cosine", float), ("mean_max_cosine_back", float), ("above_0_7_fraction", float)]
_COSINES += [("mutual_fraction", float), ("null_mean_max_cosine", float)]
CosinesRow = NamedTuple("CosinesRow", [*_TWO, *_COSINES])
CosinesRow.__doc__ = "convergence/cosines.csv: directions of two dictionaries of one encoder, of decoder or encoder."


_EXPLANATION = [("kind", str), ("name", str), ("signal", str), ("r2", float)]
_MEANING = [("layer", int), ("atom", int), ("explained", int), *_EXPLANATION, ("null_r2", float)]
_MEANING += [(f"second_{name}", kind if kind is str else NUMBER) for name, kind in _EXPLANATION]
MeaningRow = NamedTuple("MeaningRow", _MEANING)
MeaningRow.__doc__ = (
    "meaning/<condition>_layer_<l>.csv: an alive atom's best explanation and the best of another kind, their R² on "
    "coordinates left out, and the best R² of the same map moved; explained: beyond what 95 % of moved maps reach."
)
_MEANT = [*CONDITION, ("layer", int), ("kind", str), ("n_alive", int), ("fraction", float), ("null_fraction", float)]
MeantRow = NamedTuple("MeantRow", [*_MEANT, ("r2_median", NUMBER)])
MeantRow.__doc__ = (
    "meaning/summary.csv: the share of a layer's alive atoms that a kind explains, and none does; null_fraction: of "
    "moved maps that would count as explained by whatever kind."
)


_STEERED = [("layer", int), ("atoms", str), ("n_atoms", int), ("alpha", float), *ABLATED, ("rms_effect", float)]
_STEERED += [("psnr_before_db", float), ("psnr_after_db", float), ("effect_inside_fraction", NUMBER)]
SteeringRow = NamedTuple("SteeringRow", [*_STEERED, ("interaction_fraction", NUMBER)])
SteeringRow.__doc__ = (
    "steering/<condition>_layer_<l>/doses.csv: codes of some atoms times alpha, and what that does to a signal; "
    "interaction: of several at once, the energy of what is not the sum of each alone, of the whole effect's."
)
_KEPT = [("layer", int), ("n_kept", int), *ABLATED, ("psnr_db", float), ("psnr_all_db", float)]
KeptAtomsRow = NamedTuple("KeptAtomsRow", _KEPT)
KeptAtomsRow.__doc__ = "steering/<condition>_layer_<l>/kept.csv: a signal of the n strongest atoms alone."
_REFIT = [("layer", int), ("atom", int), ("alpha", float), ("image", str), ("psnr_db", float), ("psnr_plain_db", float)]
_REFIT += [("psnr_inside_db", NUMBER), ("psnr_inside_plain_db", NUMBER)]
_REFIT += [("psnr_outside_db", NUMBER), ("psnr_outside_plain_db", NUMBER)]
SteeredFitRow = NamedTuple("SteeredFitRow", _REFIT)
SteeredFitRow.__doc__ = (
    "steering/<condition>_layer_<l>/fits.csv: a held-out signal fitted behind a layer where an atom's code is times "
    "alpha; plain: as it is; inside: where the atom is active."
)
