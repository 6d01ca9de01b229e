"""A Jira Data Center server: accounts, groups, seats and their use, and writes on all of them.

Needs: a personal access token of a Jira administrator (from 8.14 on; the only way on 11), or name and
password. Reads: the list of all users from 10.3 on, the search up to 9.x, else the members of all groups;
groups with their members (50 a page), the application roles. Writes: create, update, deactivate,
delete or anonymise, memberships. Speed: groups go side by side; the token bucket of the user is shared.

Nested groups count as Jira counts them: a member of a group within a group is a member. A seat comes from a
group of an application role alone, for Jira gives application access to nobody by itself.
"""
