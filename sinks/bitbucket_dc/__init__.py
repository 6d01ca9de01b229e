"""A Bitbucket Data Center server: accounts, groups, permissions, seats and their use, and writes on them.

Needs: an HTTP access token of a Bitbucket administrator, or name and password. Reads: everybody with the
last sign-in, groups with their members and permissions, who is licensed, the licence. Writes: create,
update, delete, memberships. Speed: groups go side by side; the token bucket of the user is shared.

Nobody can be disabled here: a seat is freed by taking the groups and the permission that give it, also
the permission of an administrator. An account holds one permission by itself, and the server takes it whole.
"""
