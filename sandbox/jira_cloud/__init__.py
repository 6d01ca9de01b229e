"""Jira Cloud's REST API of the site, under `/cloud/acme`: people, groups, roles, seats.

It shows the same organisation as the administration does. Removing someone takes them out of the
directory, for the directory has this one site. Listings hold everyone the site knows, apps and customers
too; addresses of people the organisation does not manage are hidden. No use is told anywhere.
"""

from sandbox.jira_cloud.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
