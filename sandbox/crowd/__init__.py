"""Crowd as one face, `/crowd`: users, groups, memberships and attributes for one application.

An application signs in with its name and password. Writing a user replaces it whole: what the body
leaves out is blanked. Nothing tells the number of users, so a listing is over at a short page.
"""

from sandbox.crowd.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
