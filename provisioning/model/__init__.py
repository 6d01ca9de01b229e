"""The vocabulary: every table, how rows become one, and what a read and a memory are.

`frames` declares the tables, `intake` fills them from JSON and `delimited` from text files, `snapshots`
holds one whole read, `merge` lays a delta over it, `keys` joins by row number, and `seat_table` tells
who holds which seat.
"""
