"""Every table that is written: its columns, once. A row is a NamedTuple in long form, with every key needed to find it.

The annotation of a column says how a csv file's text is read back; None is an empty cell. Units are in a column's name;
`_low` and `_high` are the ends of a 95 % interval. A file holds the tables of one subject; `common` what several share.
"""
