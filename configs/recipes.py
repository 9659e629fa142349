"""The recipe behind the published numbers: unreported choices, each held against every number that it speaks to.

    python -m inr_sae.launch --config=configs/recipes.py                                    # demo on phantoms
    python -m inr_sae.launch --config=configs/recipes.py:celebahq --config.signals.root=DIR --config.inr.backbone=ffmlp
    python -m inr_sae.launch --config=configs/recipes.py:celebahq,kodak --config.signals.root=DIR \\
        --config.sets.kodak.root=DIR --config.recipes.targets="('celebahq','kodak')"

The string names the data set of the cohort, and further ones to fit. `recipes.published` names a csv of other published
numbers, with the columns of PublishedRow in inr_sae/rows/; without it they are the paper's and its notebook's. With
--config.recipes.cohort_steps="(500,1500,5000)" a cohort is trained for each of these numbers of steps, and the page
shows what its length decides.
"""

from configs import base


def get_config(sets=""):
    config = base.get_config()
    config.stages = ("recipes", "report")
    source, others = base.of_cohort(base.words(sets), sets)  # a recipe is what is sought, and none that is given
    config = base.at_scale(config, source)
    with config.unlocked():
        for name, word in others:
            config.sets[name] = base.data_set(word)
    config.recipes.targets = (config.signals.dataset, *(name for name, _ in others))
    if source == "demo":
        config.cohort.steps = 200
        config.fit.update(dict(log_every=10, seeds=1))
        config.recipes.update(dict(steps=(20, 40), pixels=(0, 1024)))
    return config
