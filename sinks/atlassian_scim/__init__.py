"""Atlassian's user provisioning (SCIM): the directory that Guard offers to an identity provider.

Needs: the directory's own key (Guard, or Cloud Enterprise) and its id. Reads: users and groups with their
members, pages side by side. Writes: users, `active` on and off, members of a group many at a time, and
deletion, which is for good. Cannot: rename groups, fill groups named like Atlassian's own, or tell seats and
their use; which product a group opens is said on the admin site. Atlassian follows a write within minutes.
Speed: no limit is published; one that shows is obeyed.
"""
