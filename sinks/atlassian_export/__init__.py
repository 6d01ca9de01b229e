"""The admin site's exported user list as a target: read from a file, written by hand.

Needs: the file an administrator exports (admin.atlassian.com, Directory, Export users), best with
product access and groups ticked. Reads: accounts, groups, roles, seats and their last use. Writes
nothing: the plan becomes a list of steps for a person. It uses no network and no credential.
"""
