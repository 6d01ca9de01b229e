"""WHAT runs, in which order."""
