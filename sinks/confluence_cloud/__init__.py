"""A Confluence Cloud site: who may use it, groups and seats, without Guard or an organisation key.

Needs: the e-mail address and API token of a site administrator. Reads: a search for everyone who may use
Confluence, groups by what they give, members (200 a page, side by side). Writes: group memberships.
Cannot: let in, suspend or remove anybody, see who is suspended, or tell when somebody was last active; a
person without access is known as a member of other groups alone. Speed: the burst limit of the site is
shared by everybody who uses its API; it is learned.
"""
