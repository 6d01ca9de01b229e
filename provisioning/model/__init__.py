"""The vocabulary: every table, how rows become one, and what a read and a memory are.

`frames` declares the tables and `terms` the words they hold. `intake` fills them from JSON and `delimited`
from text files, `screening` keeps the valid rows and reports the others. `snapshots` holds one whole read,
`merge` lays a delta over it, `keys` joins by row number, `text` compares names, and `seat_table` tells which
account has which seat.
"""
