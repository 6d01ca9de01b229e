"""An Atlassian Cloud organisation: accounts, groups, roles, seats and their use, and writes on all of them.

Needs: an organisation API key made without scopes (a key with scopes may only read some of it), the
ids of the organisation and, where there are several, of the directory.
Reads: one pass over the users (100 a page, with groups, roles and last use), the groups with the roles
of those that open something, the products with their capacity, and the managed accounts where that
listing still exists. Between whole reads: what the audit log names, which needs Atlassian Guard, with the
groups, the products and the numbers of accounts. Writes: invitations, group memberships, suspension; life
and profile of managed accounts. Speed: the listings and the roles of groups go side by side, the pages of
one listing follow each other; limits are learned.
"""
