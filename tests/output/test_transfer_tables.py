from inr_sae.output import tables, transfer_tables


def row(source, target, backbone, protocol, tau, mean, std=1.0, frequency=30.0):
    keys = dict(source=source, target=target, backbone=backbone, frequency=frequency, protocol=protocol, tau=tau)
    return keys | dict(
        psnr_db_mean=mean, psnr_db_std=std, ssim_mean=0.9, ssim_std=0.01, lpips_mean=None, lpips_std=None
    )


SUMMARY = [
    row("a", target, "siren", protocol, tau, mean)
    for target, base in (("a", 40.0), ("b", 30.0))
    for protocol, tau, mean in (("full", "full", base), ("freeze", 0, base + 1), ("freeze", 1, base + 2.5))
]
BEST = [
    dict(source="a", target=target, backbone="siren", frequency=30.0, best_tau=1, tau_by_sr_weight=1)
    | dict(tau_by_sr_activation_centred=0)
    for target in ("a", "b")
]
RANKS = [
    dict(source="a", backbone="siren", frequency=30.0, layer=i, sr_weight=2.0 + i, sr_activation_centred=9.0 - i)
    for i in (0, 1)
]


def test_table_1_has_a_row_a_pair_and_the_mean():
    rows = transfer_tables.table_1(SUMMARY, BEST)
    assert [r["source → target"] for r in rows] == ["a → a", "a → b", "mean"]
    assert rows[0]["SIREN W/H"] == "✓/✗" and rows[0]["SIREN PSNR"] == "42.50 ± 1.00"
    assert rows[2]["SIREN no freeze"] == "35.00" and rows[2]["SIREN PSNR"] == "37.50"


def test_freeze_depth_has_strainers_row_and_every_boundary_of_every_target():
    rows = transfer_tables.freeze_depth(SUMMARY, RANKS, "a")
    assert [(r["target"], r["tau"]) for r in rows] == [(t, tau) for t in "ab" for tau in ("*", "0", "1")]
    assert rows[0]["SIREN sr(W)"] == "" and rows[2]["SIREN sr(W)"] == "3.00"
    assert rows[2]["SIREN ssim"] == "0.9000 ± 0.0100" and rows[2]["SIREN lpips"] == "–"


def test_frequencies_are_named_where_a_backbone_has_several():
    several = SUMMARY + [row("a", "a", "siren", "full", "full", 1.0, frequency=50.0)]
    assert list(transfer_tables.kinds(SUMMARY).values()) == ["SIREN"]
    assert list(transfer_tables.kinds(several).values()) == ["SIREN 30", "SIREN 50"]


def test_a_single_fit_has_no_deviation():
    assert transfer_tables.cell(row("a", "a", "siren", "full", "full", 40.0, float("nan")), "psnr_db") == "40.00"


def test_latex_escapes_what_latex_would_read():
    text = tables.latex([{"a_b": "50 % & more", "c": 1.25, "d": "1.00 ± 0.10"}])
    assert r"a\_b & c & d \\" in text and r"50 \% \& more & 1.25 & 1.00 $\pm$ 0.10 \\" in text
    assert text.startswith("\\begin{tabular}{lrr}") and text.count("\\\\") == 2
