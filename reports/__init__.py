"""SHOW: what was found and planned, as text, tables, pages and files. Nothing here reads a network."""
