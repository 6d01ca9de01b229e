"""PingOne: users of one environment, and who is in which group.

Needs: a worker application with the role Identity Data Read Only, its client id and secret.
Reads: one listing of users, which names with each user the groups it is in, and one of groups.
Speed: the environment's licence decides, of which one address gets about a third; a refusal says when to
come back. Pages of a listing follow each other, for a page is known by the one before it.
Changes: none that tell of removals, so it is read whole.
"""
