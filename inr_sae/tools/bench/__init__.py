"""How fast the parts of a study run on this machine, beside what the machine can do.

    python -m inr_sae.tools.bench [--json=FILE] [--torch] [--scale=0.1] [--precision=high] [--profile=DIR]
                                  [--backbone=NAME]

Each row: median and spread of a step, operations counted, their share of the device's own rate for float32 matrix
products, temporary memory of the compiled program, and, with --torch, the ratio to the plain PyTorch of
exchange/torch_steps.py in a process of its own, with malloc as it comes and tuned for large arrays.
"""
