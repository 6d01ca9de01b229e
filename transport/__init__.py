"""CARRY: HTTP and nothing of the domain.

`Door` opens clients, read-only unless told otherwise; `Client` sends, paces and retries; every
failure is a `TransportError` named by what to do next.
"""
