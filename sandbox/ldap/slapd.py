"""A real OpenLDAP server on loopback that holds the company: slapd in a folder of its own, unprivileged.

with Slapd(folder, entries) as server:      # entries as `sandbox.ldap.openldap` makes them
    ldap.initialize(server.url)

It needs Debian's package `slapd`; `missing()` says where it is not to be had.
"""

from __future__ import annotations

import base64
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from sandbox.ldap.openldap import NOBODY, SUFFIX, group_dn
from sandbox.ldap.tree import Entry

SCHEMAS, MODULES = Path("/etc/ldap/schema"), Path("/usr/lib/ldap")
READER, LIMITED, BLIND = (f"cn={name},{SUFFIX}" for name in ("seatwise", "limited", "blind"))
"""Accounts: one that may read everything, one of the usual limits, and one that is shown nothing."""
MANAGER = f"cn=manager,{SUFFIX}"
PASSWORD = "sandbox-ldap-password"  # noqa: S105 - of a rehearsal
PATIENCE = 30.0

_CONFIG = """\
{schemas}
modulepath {modules}
moduleload back_mdb
moduleload ppolicy
moduleload syncprov
pidfile {folder}/slapd.pid
argsfile {folder}/slapd.args
{tls}
sizelimit 500
database mdb
maxsize 1073741824
lastbind on
suffix {suffix}
rootdn {manager}
rootpw {password}
directory {folder}/data
index objectClass,entryUUID,entryCSN,modifyTimestamp eq
limits dn.exact="{reader}" size.soft=unlimited size.hard=unlimited size.pr=1000 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{reader}" read by dn.exact="{limited}" read by * none
overlay ppolicy
overlay syncprov
"""


def missing() -> str | None:
    """Return what keeps slapd from being run here; None where nothing does."""
    if _program("slapd") is None or not (MODULES / "back_mdb.so").exists() or not SCHEMAS.is_dir():
        return "there is no slapd: apt-get install slapd"
    return None


class Slapd:
    """One server.

    Args:
        folder: Where it keeps everything; empty.
        entries: What is below the suffix, beside the organisational units and the accounts.
        certificate: Files of its certificate and key; with them it speaks TLS.
    """

    def __init__(
        self, folder: Path, entries: Iterable[Entry], certificate: tuple[Path, Path] | None = None
    ) -> None:
        self._folder, self._secure = folder, certificate is not None
        (folder / "data").mkdir()
        names = ("core", "cosine", "inetorgperson", "nis")
        tls = "TLSCertificateFile {}\nTLSCertificateKeyFile {}".format(*certificate) if certificate else ""
        config = _CONFIG.format(
            schemas="\n".join(f"include {SCHEMAS / name}.schema" for name in names),
            modules=MODULES,
            folder=folder,
            tls=tls,
            suffix=SUFFIX,
            manager=MANAGER,
            password=PASSWORD,
            reader=READER,
            limited=LIMITED,
        )
        (folder / "slapd.conf").write_text(config)
        (folder / "all.ldif").write_text("\n".join(map(ldif, [*_frame(), *entries])))
        self._run("slapadd", "-q", "-w", "-l", str(folder / "all.ldif"))

    @property
    def url(self) -> str:
        """Return its address; what goes there is not encrypted."""
        return f"ldap://127.0.0.1:{self._ports[0]}"

    @property
    def secure_url(self) -> str:
        """Return its address for TLS from the start."""
        return f"ldaps://127.0.0.1:{self._ports[1]}"

    def __enter__(self) -> Self:
        """Start it, and wait until it listens."""
        self._ports = [_free_port(), _free_port()]
        addresses = f"{self.url}/ {self.secure_url}/" if self._secure else f"{self.url}/"
        command = [str(_program("slapd")), "-d", "0", "-f", str(self._folder / "slapd.conf"), "-h", addresses]
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - of ours alone
        ends = time.monotonic() + PATIENCE
        while not _listens(self._ports[0]):
            if self._process.poll() is not None or time.monotonic() > ends:
                raise RuntimeError(f"slapd did not start; see {self._folder}")
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(PATIENCE)

    def _run(self, tool: str, *options: str) -> None:
        command = [str(_program(tool)), *options, "-f", str(self._folder / "slapd.conf")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - of ours alone
        if done.returncode:
            raise RuntimeError(f"{tool}: {done.stderr[-2000:]}")


def crowd(people: int) -> Iterator[Entry]:
    """Yield people whom no company had to be founded for, and a group that holds them all."""
    dns = [f"employeeNumber={number:06},ou=people,{SUFFIX}" for number in range(people)]
    for number, dn in enumerate(dns):
        values = {
            "objectClass": "inetOrgPerson",
            "entryUUID": f"00000000-0000-0000-0000-{number:012}",
            "employeeNumber": f"{number:06}",
            "uid": f"person.{number}",
            "cn": f"Person {number}",
            "givenName": "Person",
            "sn": f"Number {number}",
            "displayName": f"Person {number}",
            "mail": f"person.{number}@acme.test",
            "ou": f"Department {number % 40}",
            "departmentNumber": f"CC-{number % 40:04}",
            "employeeType": "Employee",
            "title": "Engineer",
            "o": "Acme",
            "manager": dns[number // 8],
            "telephoneNumber": f"+1 555 {number:07}",
            "l": "Berlin",
            "postalCode": "10115",
            "roomNumber": str(number % 300),
        }
        yield Entry("", dn, {name: [value.encode()] for name, value in values.items()})
    group = {"objectClass": [b"groupOfNames"], "cn": [b"everyone"], "member": [dn.encode() for dn in dns]}
    yield Entry("", group_dn("everyone"), group)


def ldif(entry: Entry) -> str:
    """Return an entry as LDIF (RFC 2849), every value in base 64."""
    lines = [f"dn:: {base64.b64encode(entry.dn.encode()).decode()}"]
    for name, values in entry.values.items():
        lines += [f"{name}:: {base64.b64encode(value).decode()}" for value in values]
    return "\n".join(lines) + "\n"


def _frame() -> list[Entry]:
    """Return the suffix, its units and the accounts."""
    top = Entry("", SUFFIX, {"objectClass": [b"dcObject", b"organization"], "dc": [b"acme"], "o": [b"Acme"]})
    units = [
        Entry("", f"ou={name},{SUFFIX}", {"objectClass": [b"organizationalUnit"], "ou": [name.encode()]})
        for name in ("people", "groups")
    ]
    accounts = [
        Entry(
            "",
            dn,
            {
                "objectClass": [b"organizationalRole", b"simpleSecurityObject"],
                "cn": [dn.partition(",")[0].removeprefix("cn=").encode()],
                "userPassword": [PASSWORD.encode()],
            },
        )
        for dn in (READER, LIMITED, BLIND, NOBODY)
    ]
    return [top, *units, *accounts]


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
