"""Which authorities the clients of Prefect know, for a server that none of them is asked about.

Each client reads all certificates of the machine, which takes a twentieth of a second, and a run makes some
twenty clients. To a server on this machine that is spoken to in plain HTTP that is for nothing.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from transport.loopback import is_this_machine

SETTING = "PREFECT_API_SSL_CERT_FILE"
STATED = (SETTING, "PREFECT_API_TLS_INSECURE_SKIP_VERIFY")
"""Settings by which somebody has said whom Prefect's clients are to trust; others are not theirs alone."""
_END = "-----END CERTIFICATE-----\n"


def spare_authorities(home: Path) -> None:
    """Have Prefect's clients read one certificate in place of all, where no connection is encrypted.

    Prefect reads this when it is imported, so it comes before that.

    Args:
        home: the folder where Prefect keeps its settings.
    """
    server = urlsplit(os.environ.get("PREFECT_API_URL", ""))
    unencrypted = server.scheme == "http" and is_this_machine(server.hostname or "")
    if unencrypted and not any(name in os.environ for name in STATED):
        os.environ[SETTING] = str(one_authority(home))


def one_authority(folder: Path) -> Path:
    """A file with one certificate alone; it is made where it is missing."""
    path = folder / "one-authority.pem"
    if not path.exists():
        import certifi

        first = Path(certifi.where()).read_text(encoding="utf-8").partition(_END)[0] + _END
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(first, encoding="utf-8")
        part.replace(path)
    return path
