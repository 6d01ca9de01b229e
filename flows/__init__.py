"""WHAT runs, in which order."""

from tasks.measures import start_measuring

# Before Prefect is imported, whoever imports a flow: a command, a worker's process or a test.
start_measuring()
