"""Okta: users of every status, and who is in which group.

Needs: an API token (SSWS) of a read-only administrator, or a service app with a private key and the
scopes okta.users.read and okta.groups.read, and okta.logs.read to be read by its changes.
Reads: one listing of users (a plain listing would hide the deprovisioned, a filtered one does not),
the groups with their sizes, and the members of each, keeping their ids only.
Speed: Okta counts requests a minute in buckets, half of each for one token; pages of a listing
follow each other, groups go side by side.
Changes: users and groups by when they changed, sign-ins and deletions by the system log
(`sources.okta.feed`); a changed group's members are read again, which for the group of everyone is
each time somebody comes or goes.
"""
