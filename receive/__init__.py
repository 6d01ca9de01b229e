"""LISTEN: the SCIM service that identity providers push to, a process of its own.

It takes users, groups and members over SCIM 2.0 and 1.1 in the dialect of each identity provider, and keeps
them in the ledger's database; the source `scim_push` reads them from there. It holds no credential of anybody
but its callers' tokens, as digests, and it decides nothing: what a push means is for a sync to judge.
"""

from receive.app import make_app
from receive.connection import Connection

__all__ = ["Connection", "make_app"]
