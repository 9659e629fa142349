"""The published numbers as rows: the paper's Tables 3-5, and its authors' public notebook."""

from inr_sae.paper import reference
from inr_sae.rows.claims import PublishedRow

# The authors' public notebook (vasl12/xp_inrs): SIREN on CelebA; a cohort of ten after 5001 steps, then image 000013
# after 2000 full-grid steps: STRAINER's recipe first, then frozen to tau = 0..4. PSNR of output clipped to [0, 1].
NOTEBOOK_COHORT_PSNR_CLIPPED_DB = 35.254
NOTEBOOK_SR_WEIGHT = (1.76, 35.42, 30.42, 28.86, 21.53)
NOTEBOOK_PSNR_CLIPPED_DB = (32.05, 39.34, 42.11, 41.77, 34.62, 16.31)


def of_paper():
    """[PublishedRow] of Tables 3-5; sr(H) is compared with the centred one, which alone can come near it."""
    rows = []
    for (source, backbone), of_layers in reference.STABLE_RANK.items():
        for layer, values in enumerate(of_layers):
            for quantity, value in zip(("sr_weight", "sr_activation_centred"), values):
                rows.append(PublishedRow(quantity, source, "", backbone, "", layer, value, None, "Tables 3-5"))
    for (source, target, backbone), of_taus in reference.FREEZE_SWEEP.items():
        for tau, (psnr, psnr_std, ssim, ssim_std, *_) in zip((None, *reference.TAUS), of_taus):
            which = (source, target, backbone, "full" if tau is None else "freeze", tau)
            rows.append(PublishedRow("psnr_db", *which, psnr, psnr_std, "Tables 3-5"))
            rows.append(PublishedRow("ssim", *which, ssim, ssim_std, "Tables 3-5"))
    return rows


def of_notebook():
    """[PublishedRow] of the notebook: one image of CelebA, as it comes, and one seed, so no deviation."""
    rows = [
        PublishedRow("sr_weight", "celebahq", "", "siren", "", layer, value, None, "notebook")
        for layer, value in enumerate(NOTEBOOK_SR_WEIGHT)
    ]
    for tau, value in zip((None, *reference.TAUS), NOTEBOOK_PSNR_CLIPPED_DB):
        protocol = "full" if tau is None else "freeze"
        which = ("celebahq", "celebahq", "siren", protocol, tau)
        rows.append(PublishedRow("psnr_clipped_db", *which, value, None, "notebook"))
    cohort = NOTEBOOK_COHORT_PSNR_CLIPPED_DB
    rows.append(PublishedRow("cohort_psnr_clipped_db", "celebahq", "", "siren", "", None, cohort, None, "notebook"))
    return rows


def rows():
    """All of them."""
    return of_paper() + of_notebook()
