"""Atlassian's user provisioning (SCIM 2.0), under `/atlassian/scim/directory/{id}`.

Its records are linked to accounts of the organisation, which follow what is written here. From its first
use on the directory is everybody's, and contractors' accounts follow the company no more by themselves.
Options of the world: `scim_lag` (seconds until the organisation follows), `scim_locks` (the administration
can only read linked accounts, as at Atlassian; left out, one rehearsal can drive both), `scim_users` and
`scim_members` (the limits), `scim_guard` (False: no subscription, all is forbidden).
"""

from sandbox.atlassian_scim.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
