"""Keycloak: users of one realm, and who is in which group.

Needs: a confidential client with a service account, which has the roles view-users and query-groups of
realm-management.
Reads: the users in pages by offset, held to their count; the groups from the top down, with their members.
Whoever is in a group is in the groups around it, by a path.
Speed: Keycloak has no limit; four requests at a time are what a server of moderate size bears.
Changes: none are told without the realm's events, which are off by default, so it is read whole.
"""
