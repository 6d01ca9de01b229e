"""The files administrators download: users of the organisation in every format seen in the wild.

    python -m sandbox.atlassian_export --people 500 --format current --out DIR
    write(world, Path("out"), style="groups")

A **style** names a format of the admin site; `FORMATS` lists them. The people of the identity
provider come as one more file, for work without any credential.
"""

from sandbox.atlassian_export.face import FACE

FACES = (FACE,)

__all__ = ["FACES"]
