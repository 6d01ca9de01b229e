"""Google Workspace: users, those deleted of late, and who is in which group.

Needs: a key of a service account, its client id authorised for domain-wide delegation with the scopes
admin.directory.user.readonly and admin.directory.group.readonly, and an administrator to act as.
Reads: one listing of users and one of those deleted, the groups with their sizes, and the members of
each; who is in a group through another one is worked out here, with the way.
Speed: 2,400 queries a minute for a user and project, which no answer announces, so they are counted here;
pages of a listing follow each other, groups go side by side.
Changes: the Directory API tells none, so it is read whole.
"""
