"""A Crowd server: users, groups, memberships and sign-ins, and writes on all of them.

Needs: name and password of an application of Crowd (no person), whose permissions let it read and write,
and Seatwise's address among its remote addresses. Reads: the users with their attributes, the groups,
and all memberships in one answer. Writes: create, update, deactivate, delete, memberships.
Speed: pages follow each other; the token bucket of the application is shared.

A write of a user replaces it whole, so it repeats everything that was last observed. Crowd does not know
which group opens which product: the connection may say so.
"""
