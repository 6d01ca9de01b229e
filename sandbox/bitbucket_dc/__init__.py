"""Bitbucket Data Center as one face, `/bitbucket`: people, groups, global permissions, the licence.

Nobody can be disabled: a seat is freed by taking the groups and permissions that give it. Whoever may
not is told 401. Option of the world: `bitbucket_dc_seats` (seats bought; None without limit).
"""

from sandbox.bitbucket_dc.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
