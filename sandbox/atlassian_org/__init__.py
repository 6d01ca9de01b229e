"""Atlassian Cloud's administration as one face: `/atlassian/admin` and `/atlassian/users`.

Options of the world: `atlassian_capacity` ({product: seats}), `atlassian_paid` (False: no invitations),
`atlassian_lag` (seconds until a search sees a new group), `atlassian_history` (`productAccess` keeps
products whose access is gone), `atlassian_narrow` (the directory lists people alone, as its
specification reads to the letter), `atlassian_disable_twice` (409: deactivating twice is a conflict).
"""

from sandbox.atlassian_org.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
