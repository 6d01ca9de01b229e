"""SCIM 2.0 and 1.1: users and groups of any directory that serves them.

Needs: a bearer token, or a name and password, that may read users and groups.
Reads: one list of users and one of groups with their members; groups a list tells without members are
read one by one. Groups in groups are followed, and each membership through them says its path.
Speed: whatever the server allows; pages by index are read side by side, pages by cursor (RFC 9865,
where the server offers them) one after the other.
Changes: where the server filters by `meta.lastModified` (`sources.scim.feed`).
"""
