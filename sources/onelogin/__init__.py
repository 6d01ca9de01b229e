"""OneLogin: users of every state, and who has which role.

Needs: an API credential pair with the scope Read Users (or Read All).
Reads: one listing of users, and the roles with the identifiers of their members in the same listing
(roles are what OneLogin calls groups of people; its own groups are security policies).
Speed: a hundred users a page; the first page tells how many there are, the others are read side by
side. An account has 5,000 calls an hour: 100,000 people take 1,000 and some.
Changes: users by when they changed or signed in; deletions, and whether roles have to be listed again,
by numbers and the log of events (`sources.onelogin.feed`).
"""
