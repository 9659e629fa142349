"""One file a backbone; `inr.network.backbone(name)` finds it by its name.

A backbone file holds four functions; everything else (activations of every layer, running from layer i on,
heads, freezing, fitting) is written once, outside.

    init(key, config) -> params         an encoder's parameters: `hidden_0` ... `hidden_{L-1}`, each {"w", "b"}, and
                                        whatever else the backbone keeps under other names, which is never trained
    weight_bound(i, d_in, config)       half-width of the uniform law of layer i's weights; a head takes i = L
    embed(params, x)                    (N, 2) coordinates -> (N, d_in) input of layer 0
    layer(params, i, h)                 (N, d_in) input of layer i -> (N, d) post-activations of layer i

`config` is any mapping with the keys of the config group `inr`.
"""
