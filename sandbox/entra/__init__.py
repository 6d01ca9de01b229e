"""The Entra face: the login authority and Microsoft Graph of one tenant under `/entra`.

    POST /entra/<tenant>/oauth2/v2.0/token     see `entra_auth`
    GET  /entra/v1.0/users?$select=…&$top=999  see `entra_query`; nested groups, see `entra_tree`
    GET  /entra/v1.0/users/delta               see `entra_delta`
    POST /entra/v1.0/$batch                    see `entra_batch`

It shows the company that Okta shows, as Graph has it: whoever left is a deleted user that can be
restored for 30 days and is gone afterwards, and whoever has not started or is suspended is disabled.
Options of the world: `entra_premium` (False: sign-in activity is refused for want of a licence), and
those of the modules above. Under rate limits Graph counts resource units, and requests for sign-in
activity apart.
"""

from sandbox.entra.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
