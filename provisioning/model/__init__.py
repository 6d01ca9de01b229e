"""The vocabulary: every table, how rows become one, and what a read and a memory are.

`frames` declares the tables and `terms` the words they hold. `by_column` takes columns out of JSON and
`delimited` out of text files, `intake` fills the tables, `screening` keeps the valid rows and reports the
others. `snapshots` holds one whole read, `merge` lays a delta over it, `keys` joins by row number, `text`
compares names, and `seat_table` tells which account has which seat.

A policy file is read without pandas, with `terms`, `attributes`, `text`, `words`, `by_column` and `findings`.
"""
