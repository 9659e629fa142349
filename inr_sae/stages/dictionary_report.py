"""The parts of a report on dictionaries of several encoders: Figures 3 to 15, and what the paper lacks.

Each takes (config, store) and returns (sentences of the answer, HTML). Everything is drawn from stored tables and maps.
"""

from inr_sae.output import dictionary_figures, findings, page, pictures, tables
from inr_sae.paper import claims, dictionary_claims
from inr_sae.stages import cohort, conditions, dictionary, dictionary_evidence, exhibits

GALLERY = 8  # atoms a layer in Figures 13 and 14


def metrics_of(config, store):
    """{condition: rows of metrics.csv of its layers}."""
    return {
        name: [sub.read_csv(f"{dictionary.folder(layer)}/metrics.csv")[0] for layer in own.sae.layers]
        for name, (own, sub) in conditions.of_first_cohorts(config, store).items()
    }


def atoms_of(config, store):
    """{condition: {layer: rows of atoms.csv}}."""
    return {
        name: {layer: sub.read_csv(f"{dictionary.folder(layer)}/atoms.csv") for layer in own.sae.layers}
        for name, (own, sub) in conditions.of_first_cohorts(config, store).items()
    }


def effects_of(config, store, role):
    """{condition: rows of all_atoms.csv of its first signal of a role}, of the conditions that have one."""
    effects = {}
    for name, (_, sub) in conditions.of_first_cohorts(config, store).items():
        rows = [row for row in sub.read_csv("ablation/all_atoms.csv") if row["signal_role"] == role]
        if rows:
            effects[name] = [row for row in rows if row["signal"] == rows[0]["signal"]]
    return effects


def block(own, sub, layers, n):
    """(signal, {layer: z (n, N)}) of a condition for a gallery."""
    signal = cohort.draw(own.signals, sub).cohort[0]
    return signal, {layer: sub.read_npz(f"{dictionary.folder(layer)}/maps.npz")["z"][:n] for layer in layers}


def gallery_part(config, store):
    """Figures 3 and 13."""
    studies = conditions.of_first_cohorts(config, store)
    layers = list(config.sae.layers)
    some = sorted({layers[0], layers[len(layers) // 2], layers[-1]})
    cohorts = {name: block(*of, some, 5) for name, of in studies.items() if name.startswith("cohort")}
    html = ""
    if cohorts:
        html += exhibits.figure(
            store,
            "figure_3",
            pictures.gallery(cohorts),
            "As Figure 3: a signal of the cohort, the five atoms of highest mean magnitude at some layers, "
            "each scaled to "
            "its own maximum, and framed their mean.",
            "Top atoms of cohort encoders at the first, a middle and the last layer",
        )
    html += exhibits.figure(
        store,
        "figure_13",
        pictures.gallery({name: block(*of, layers, GALLERY) for name, of in studies.items()}),
        f"As Figures 13 and 14: the {GALLERY} top atoms of every layer and condition.",
        "Top atoms of every layer and condition",
    )
    return [], html


def diagnostics_part(config, store):
    """Figures 4 and 8 to 12, locality and content, and the table of diagnostics."""
    metrics, atoms = metrics_of(config, store), atoms_of(config, store)
    html = ""
    for name, fig, caption in (
        (
            "figure_4_8",
            dictionary_figures.concentration(metrics),
            "As Figures 4 and 8: medians and quartiles over alive atoms, and the share of atoms that never fire.",
        ),
        (
            "shape",
            dictionary_figures.shape(metrics),
            "Locality: the spread of z² about its centroid, between that of a disc of as many pixels (1) and "
            "of pixels at "
            "random (0). Content: the largest |correlation| of an atom's map with a signal the encoder was "
            "trained on; thin "
            "lines: with the same signals displaced at random, which keeps their texture and loses their "
            "place. Right: how "
            "much more an atom looks like a signal of the cohort than like as many held-out signals, 0 if it "
            "is the kind of "
            "image and not the cohort that it traces.",
        ),
        (
            "quality",
            dictionary_figures.quality(metrics),
            "How well dictionaries reconstruct, how local atoms are on average, and how far the top atom stands out.",
        ),
        (
            "figure_9",
            dictionary_figures.profile_bars(atoms, metrics, "mean_magnitude", "mean z"),
            "As Figure 9: mean magnitude of the 16 top atoms.",
        ),
        (
            "figure_10",
            dictionary_figures.profile_bars(atoms, metrics, "firing_rate", "share of pixels"),
            "As Figure 10: firing rate P(z > 0) of the same atoms.",
        ),
        ("figure_11", dictionary_figures.profiles(atoms, "mean_magnitude", "mean z"), "As Figure 11."),
        ("figure_12", dictionary_figures.profiles(atoms, "firing_rate", "P(z > 0)"), "As Figure 12."),
    ):
        html += exhibits.figure(store, name, fig, caption, caption.split(":")[0])
    rows = [{"condition": name, **row} for name, of_layers in metrics.items() for row in of_layers]
    html += exhibits.table(store, "diagnostics", rows)
    return findings.condition_sentences(metrics), html


def ablations_part(config, store):
    """Figures 5 and 15, and magnitude against drop."""
    html, atoms = "", atoms_of(config, store)
    for role in ("cohort", "test"):
        effects = effects_of(config, store, role)
        if effects:
            html += exhibits.figure(
                store,
                f"drop_against_magnitude_{role}",
                dictionary_figures.drop_against_magnitude(effects, atoms),
                f"What the removal of each atom alone costs the first {role} signal, every alive atom of every layer.",
                "Drop of PSNR against mean magnitude",
            )
    for name, (own, sub) in conditions.of_first_cohorts(config, store).items():
        rows = sub.read_csv("ablation/ablations.csv")
        for layer in own.sae.layers:
            panels = sub.read_npz(f"ablation/layer_{layer}.npz")
            role = "test" if "test_target" in panels else "cohort"
            mine = [row for row in rows if row["layer"] == layer and row["signal_role"] == role][: len(panels["atoms"])]
            html += exhibits.figure(
                store,
                f"figure_15_{name}_layer_{layer}",
                pictures.ablations(layer, panels, role, mine),
                f"As Figures 5 and 15: {name}, layer {layer}, {role} signal {mine[0]['signal']}; the top "
                "atoms, then some "
                "drawn at random.",
                f"Ablations of {name} at layer {layer}",
            )
    return [], html


def size_part(config, store):
    """Figures 6 and 7."""
    rows, html = store.read_csv("size_sweep/metrics.csv"), ""
    for name in dict.fromkeys(row["condition"] for row in rows):
        mine = [row for row in rows if row["condition"] == name]
        html += exhibits.figure(
            store,
            f"figure_6_7_{name}",
            dictionary_figures.size_sweep(mine, (config.sae.n_atoms, config.sae.k)),
            f"As Figures 6 and 7: {name}, {config.size_sweep.steps} steps each; the star is the study's own (n, k).",
            f"Dictionary size and sparsity, {name}",
        )
    return [], html + exhibits.table(store, "size_sweep", rows)


def stability_part(config, store):
    """How much of a dictionary comes again."""
    rows = store.read_csv("stability/matches.csv")
    html = exhibits.figure(
        store,
        "stability",
        dictionary_figures.stability(rows),
        "Atoms matched one to one (linear assignment), mean similarity of the pairs. Thin: the null, maps "
        "displaced by half "
        "the image, or random directions. Left, over the same pixels; right, of one encoder's dictionaries.",
        "Similarity of matched atoms by layer",
    )
    return findings.stability_sentences(rows), html + exhibits.table(store, "stability", rows)


def claims_part(config, store):
    """The verdicts on the paper's claims about dictionaries; writes report/claims.csv."""
    measured = dictionary_evidence.of_conditions(
        metrics_of(config, store),
        atoms_of(config, store),
        {role: effects_of(config, store, role) for role in ("cohort", "test")},
        store.read_csv("stability/matches.csv") if "stability" in config.stages else [],
        store.read_csv("size_sweep/metrics.csv") if "size_sweep" in config.stages else [],
    )
    size = cohort.draw(*first_signals(config, store)).cohort.shape[1:3]
    data = dictionary_evidence.data(config, size)
    rows = claims.table(dictionary_claims.DICTIONARIES, measured, data)
    store.write_csv("report/claims.csv", rows)
    columns = ("sentence", "where", "quantity", "published", "ours", "verdict", "rule")
    html = page.paragraph(f"Tested on {data.sets}.")
    if data.shortfalls:
        html += page.paragraph(f"What falls short of the paper's data and budget: {'; '.join(data.shortfalls)}.")
    html += tables.to_html([{key: row[key] for key in columns} for row in rows], wide=True)
    return [findings.verdict_sentence(rows)], html


def first_signals(config, store):
    """(signals config, store) of the first condition."""
    own, sub = next(iter(conditions.of(config, store).values()))
    return own.signals, sub
