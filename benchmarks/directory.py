"""(b) A directory: people and groups of a real OpenLDAP server, beside a bare paged search of python-ldap.

The bare search asks for the same attributes in pages of the same size on one connection and throws them away;
ours gives validated frames. Where python-ldap or slapd is not to be had it is left out with the reason.
"""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.company import streamed
from benchmarks.extract import ROUNDS, timed
from sandbox.ldap import slapd
from sandbox.ldap.openldap import SUFFIX
from sources.ldap.options import LdapOptions
from sources.ldap.source import Ldap
from transport.door import Door

BUDGET = 0.7
"""Of the entries a second of the bare search."""


def main(people: int = 20_000) -> dict[str, float]:
    """Print and return the ratio; the bare search's time over ours.

    Raises:
        SystemExit: we are slower than the budget allows.
    """
    print(f"(b) directory, {people:,} people and a group of them all")
    absent = slapd.missing() or (None if find_spec("ldap") else "python-ldap is not installed: `make ldap`")
    if absent:
        print(f"    left out: {absent}")
        return {}
    with tempfile.TemporaryDirectory() as folder, slapd.Slapd(Path(folder), slapd.crowd(people)) as server:
        options = LdapOptions(
            profile="openldap", url=server.url, starttls=False, bind_dn=slapd.READER, password=slapd.PASSWORD
        )
        ratio = _beside(options)
    if ratio < BUDGET:
        raise SystemExit(f"a directory is read at {ratio:.2f} of a bare search, and {BUDGET} is the least")
    return {"ldap: bare over ours": ratio}


def _beside(options: LdapOptions) -> float:
    rows = sum(streamed(Ldap("directory", options, Door())).values())
    ours, bare = [], []
    for _ in range(ROUNDS):  # In turns and compared turn by turn, so that a busy machine slows both.
        ours.append(timed(lambda: streamed(Ldap("directory", options, Door()))))
        bare.append(timed(lambda: _bare(options)))
    ratio = median(theirs / own for theirs, own in zip(bare, ours, strict=True))
    print(
        f"    openldap: {rows:,} rows, ours {rows / median(ours):,.0f} a second, bare search "
        f"{rows / median(bare):,.0f}: rate beside it {ratio:.2f} (at least {BUDGET})"
    )
    return ratio


def _bare(options: LdapOptions) -> None:
    import ldap
    from ldap.controls import SimplePagedResultsControl

    connection = ldap.initialize(options.url)
    connection.simple_bind_s(options.bind_dn, options.password.get_secret_value())
    profile = options.directory
    for filter_, attributes in (
        (profile.people, [*options.fields.values()]),
        (profile.groups, [profile.id, "cn", *profile.members]),
    ):
        paging = SimplePagedResultsControl(criticality=True, size=options.page_size, cookie="")
        while True:
            asked = connection.search_ext(
                SUFFIX, ldap.SCOPE_SUBTREE, filter_, attributes, serverctrls=[paging]
            )
            _kind, _rows, _number, told = connection.result3(asked)
            paging.cookie = told[0].cookie
            if not paging.cookie:
                break
    connection.unbind_s()
