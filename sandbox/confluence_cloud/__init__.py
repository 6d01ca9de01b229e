"""Confluence Cloud's REST API of the site, under `/cloud/acme/wiki`: people and groups.

People cannot be made or ended here. A search finds those who may use Confluence; members of a group are
listed without the ones who are suspended or deactivated, and nothing says so.
"""

from sandbox.confluence_cloud.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
