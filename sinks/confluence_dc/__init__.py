"""A Confluence Data Center server: accounts, groups, seats and their use, and writes on all of them.

Needs: Confluence 9.3 or later and a personal access token of a Confluence administrator, or name and
password. Reads: everybody, those who count for the licence (of whom alone address and last sign-in are
told), the groups with their permissions and members. Writes: create, update, disable, enable, delete,
memberships. Speed: groups go side by side; the token bucket of the user is shared.

Deleting is done later by the server; what is not done in time is propagating, and the next run checks it.
"""
