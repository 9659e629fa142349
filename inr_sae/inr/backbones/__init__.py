"""One complete file a backbone: `network.backbone(name)` finds it by its name, and nothing else need know it.

What a file holds, where `config` is a mapping with `width`, `n_layers` and `coordinates` (lowest and highest) of the
config and the keys of `DEFAULTS`:

    DEFAULTS                            {key: default}: the backbone's own config group `inr.<name>`, a comment each
    LABEL                               what people call it
    FREQUENCY                           the key of DEFAULTS, a float, that sets how high its frequencies are, or None
    unit_names(config)                  the units' names, in forward order; they must sort in that order, since JAX
                                        sorts the keys of a dict (`initial.unit_names` makes such names)
    init(key, config, signals)          an encoder {"units": {name: nested dict of arrays}, "constants": nested dict}.
                                        Every leaf of a unit trains unless its unit is frozen; constants never do.
                                        What a unit starts from follows from the key and the unit, whatever their
                                        number, so that a deeper encoder begins as a shallower one does. A unit of the
                                        leaves `w` and `b` alone is a linear layer, which `fit.new="torch"` draws by
                                        PyTorch's law; any other keeps its own.
                                        signals (M, H, W, C): what will be fitted, for weights that depend on data
    embed(params, x)                    (N, 2) coordinates -> (N, d_in), the input of the first unit
    apply(params, unit, h)              (N, d_in) input of the unit of that name -> (N, d) its activations. It sees
                                        nothing else: a network whose later units read the coordinates again hands
                                        these on among its activations, where ranks, dictionaries and partners count
                                        them as units
    matrix(params, unit)                the (rows, columns) matrix whose stable rank speaks for the unit, complex if it
                                        is; None where no matrix does
    head_bound(config, d)               half-width of the uniform law of a head's weights on d inputs
    RATE                                (optional) its learning rate, the paper's 1e-4 without: of its own config, by
                                        `configs.base.cohort_of`, and of `configs/backbones.py` and `tune.py`; to name
                                        it in `inr.backbone` alone changes no rate
    ADAM                                (optional) {"b1", "b2", "eps"} that differ from Adam's defaults
    KEY_AS_GIVEN                        (optional) True: it draws from the key itself, where every other backbone has a
                                        key of its own of it; of one alone, the first that there was

`init` raises errors.InputError for settings or signals that cannot be, naming them by errors.argument as in "width" or
"<name>.<key>": it is asked before anything trains. `params` is the encoder, `unit` a unit's name, x lies in the range
of `coordinates`, and leaves are float32. How many units there are is the backbone's own affair: it may ignore `width`
and `n_layers`. `network.init_encoder` refuses names that do not sort. Widths are read off, never assumed: units may
differ in theirs, and need not be `w, b` layers. Everything else (activations of every unit, heads, freezing, fitting,
ranks, dictionaries) is written once, outside.
"""
