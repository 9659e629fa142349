"""Networks of other programs as this program's own parameters, and ours for other programs.

`tensors.py` reads and writes files of named arrays; `layouts.py` says how a program names them and what it means by
them; `convert.py` makes parameters of them, and names ours.
"""
