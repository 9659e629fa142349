"""What the codes of any dictionary say: statistics, shape and content of atoms, ablation, matching; see
`dictionaries/codes.py` for what codes are."""
