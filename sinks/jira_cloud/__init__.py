"""A Jira Cloud site: people, groups, seats and capacity, without Guard or an organisation key.

Needs: the e-mail address and API token of a site administrator who is an organisation administrator too
(letting people in asks for it). Reads: users (1,000 a page), groups, members (50 a page, side by side),
application roles. Writes: letting people in with products, group memberships, removal from the site.
Cannot: suspend, deactivate or rename anybody, or tell when somebody was last active. Speed: the site's
burst limit is shared by everybody who uses its API; it is learned.
"""
