"""Every format of an export, its rows, and the door they are downloaded from."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sandbox.company.people import Person
from sandbox.kit.cloud_model import CONFLUENCE, JIRA, JSM, PRODUCTS, SITE, Account, Product
from sandbox.kit.cloud_state import Organisation
from sandbox.kit.cloud_wire import organisation
from sandbox.kit.world import Face, Reply, Request, Route, World, json_reply

Row = list[str]
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_BASE = ["User id", "User name", "email", "User status", "Added to org", "Org role"]
# The column of a product in the older exports; what the site has no licence for stays empty.
_SITE_COLUMNS = {"Jira Service Desk": JSM, "Jira Software": JIRA, "Jira Core": None, "Confluence": CONFLUENCE}
_MANAGED_COLUMNS: dict[str, Product | None] = {
    "Jira": JIRA,
    "Confluence": CONFLUENCE,
    "Confluence Guest": None,
    "Jira Work Management": None,
    "Jira Service Management": JSM,
    "Jira Product Discovery": None,
    "Bitbucket": None,
    "Trello": None,
    "Opsgenie": None,
    "Statuspage": None,
    "Loom": None,
    "Feedback": None,
}


class Format(NamedTuple):
    """How one style is written: its file, its rows (the header first) and the bytes around them."""

    name: str
    rows: Callable[[World], Iterator[Row]]
    delimiter: str = ","
    bom: bool = False
    end: str = "\n"


# What columns hold


def day(at: datetime) -> str:
    """A date as the admin site writes it: `3 Jan 2024`, English, not padded."""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def _moment(at: datetime | None) -> str:
    """A time as the old site export wrote it: `14 Dec 2012 15:31:57`."""
    return f"{at.day:02d} {_MONTHS[at.month - 1]} {at.year} {at:%H:%M:%S}" if at else "Never logged in"


def _status(account: Account) -> str:
    words = {"active": "Active", "suspended": "Suspended"}
    return words.get(account.composite, "Deactivated")


def _org_role(org: Organisation, account: Account) -> str:
    roles = org.platform_roles(account)
    return "Org admin" if "atlassian/org-admin" in roles else ""


def _listed(org: Organisation) -> Iterator[Account]:
    """Accounts the site lists: those in the directory, people alone."""
    for account in org.accounts:
        if (
            account.membership != "no_membership"
            and account.status != "closed"
            and account.kind == "atlassian"
        ):
            yield account


def _groups(org: Organisation, account: Account) -> list[tuple[str, str]]:
    return sorted(((g, org.groups[g].name) for g in account.groups), key=lambda pair: pair[1])


# Styles of the current export


def _head(access: bool, *, labels: dict[str, str] | None = None) -> Row:
    names = [(labels or {}).get(p.key, p.label) for p in PRODUCTS.values()]
    held = [f"{name} - {SITE}" for name in names] if access else []
    return [*_BASE, *held, *(f"Last seen in {name} - {SITE}" for name in names)]


def _cells(org: Organisation, account: Account, access: bool, never: str = "Never accessed") -> Row:
    used, opened = org.used(account), set(org.opened(account))
    held = ["User" if resource in opened else "None" for resource in PRODUCTS] if access else []
    seen = [day(used[resource]) if resource in used else never for resource in PRODUCTS]
    added = day(account.added_on)
    who = [account.account_id, account.name, account.email, _status(account), added, _org_role(org, account)]
    return [*who, *held, *seen]


def current(world: World, *, access: bool = True, never: str = "Never accessed") -> Iterator[Row]:
    """One row per account."""
    org = organisation(world)
    yield _head(access)
    for account in _listed(org):
        yield _cells(org, account, access, never)


def per_group(world: World) -> Iterator[Row]:
    """One row per account and group, so accounts repeat; nobody without a group is left out."""
    org = organisation(world)
    yield ["Group id", "Group name", *_head(access=True)]
    for account in _listed(org):
        for group in _groups(org, account) or [("", "")]:
            yield [*group, *_cells(org, account, access=True)]


def group_list(world: World) -> Iterator[Row]:
    """One row per account, its groups in one cell."""
    org = organisation(world)
    yield ["Group id", "Group name", *_head(access=True)]
    for account in _listed(org):
        groups = _groups(org, account)
        cells = [", ".join(key for key, _ in groups), ", ".join(name for _, name in groups)]
        yield [*cells, *_cells(org, account, access=True)]


def pivot(world: World) -> Iterator[Row]:
    """One row per account, one column per group held."""
    org = organisation(world)
    widest = max((len(account.groups) for account in _listed(org)), default=0)
    yield [*_head(access=True), *(f"Group name {n}" for n in range(1, widest + 1))]
    for account in _listed(org):
        names = [name for _, name in _groups(org, account)]
        yield [*_cells(org, account, access=True), *names, *[""] * (widest - len(names))]


def renamed(world: World) -> Iterator[Row]:
    """Some years ago: other names of the apps, no access columns, `Never Accessed`."""
    org = organisation(world)
    yield _head(access=False, labels={p.key: p.name for p in PRODUCTS.values()})
    for account in _listed(org):
        yield _cells(org, account, access=False, never="Never Accessed")


def saved(world: World, form: str) -> Iterator[Row]:
    """Today's style, opened and saved by a spreadsheet program: its own dates, en dashes in the header."""
    rows = current(world, access=True)
    yield [name.replace(" - ", " \N{EN DASH} ") for name in next(rows)]
    for row in rows:
        yield [_saved(cell, form) for cell in row]


def _saved(cell: str, form: str) -> str:
    parts = cell.split(" ")
    if len(parts) != 3 or parts[1] not in _MONTHS:
        return cell
    day, month, year = int(parts[0]), parts[1], int(parts[2])
    number = _MONTHS.index(month) + 1
    return form.format(day=day, month=month, number=number, year=year % 100, century=year)


# Older styles


def site(world: World, *, yes_no: bool = False) -> Iterator[Row]:
    """Before September 2021: one row per group, one field more than the header names.

    Product columns hold times of use, or as its documentation says whether there is access, Yes or No.
    """
    org = organisation(world)
    yield [
        "group_name",
        "username",
        "full_name",
        "email",
        "active",
        "last_login",
        "last_session",
        *_SITE_COLUMNS,
    ]
    for account in _listed(org):
        used = org.used(account)
        last = _moment(max(used.values(), default=None))
        held = [_moment(used.get(p.resource)) if p else "" for p in _SITE_COLUMNS.values()]
        if yes_no:
            opened = org.opened(account)
            held = ["Yes" if p and p.resource in opened else "No" for p in _SITE_COLUMNS.values()]
        active = "Yes" if account.works else "No"
        name = account.email.partition("@")[0]
        for _, group in _groups(org, account) or [("", "")]:
            yield [group, name, account.name, account.email, active, last, last, *held, ""]


def intermediate(world: World) -> Iterator[Row]:
    """Between the two: `created`, Yes/No, last-seen columns that name no site."""
    org = organisation(world)
    products = {f"Last seen in {p.name}": p for p in PRODUCTS.values()}
    yield ["id", "full_name", "email", "active", "created", *products]
    for account in _listed(org):
        used = org.used(account)
        seen = [day(used[p.resource]) if p.resource in used else "Never logged in" for p in products.values()]
        active, created = "Yes" if account.works else "No", day(account.added_on)
        yield [account.account_id, account.name, account.email, active, created, *seen]


def managed(world: World) -> Iterator[Row]:
    """Managed accounts: ISO dates, and per app the sites it is held on."""
    org = organisation(world)
    yield ["Name", "Email", "Atlassian ID", "Status", "Last active date [UTC]", *_MANAGED_COLUMNS]
    for account in org.accounts:
        if account.managed and account.status != "closed":
            used, opened = org.used(account), org.opened(account)
            status = "Active" if account.status == "active" else "Deactivated"
            last = f"{max(used.values()):%Y-%m-%d}" if used else ""
            held = [SITE if p and p.resource in opened else "" for p in _MANAGED_COLUMNS.values()]
            yield [account.name, account.email, account.account_id, status, last, *held]


# The people


def people(world: World) -> Iterator[Row]:
    """Everyone at the identity provider, as an administrator exports them."""
    yield [
        "Employee ID",
        "Login",
        "Email",
        "First name",
        "Last name",
        "Department",
        "Cost centre",
        "Title",
        "Manager",
        "User type",
        "Hired on",
        "Leaves on",
        "Last sign-in",
        "Status",
        "Groups",
    ]
    everyone = world.company.people
    for person in everyone.values():
        boss = everyone.get(person.manager) if person.manager else None
        yield _person(person, boss)


def _person(person: Person, boss: Person | None) -> Row:
    return [
        f"E{person.number:06d}",
        person.login,
        person.email,
        person.given_name,
        person.family_name,
        person.department,
        person.cost_center,
        person.title,
        boss.email if boss else "",
        person.user_type,
        *(f"{at:%Y-%m-%d}" if at else "" for at in (person.hired_on, person.leaves_on, person.last_sign_in)),
        person.state.title(),
        ", ".join(sorted(person.groups)),
    ]


_USERS = "export-users.csv"
FORMATS = {
    "current": Format(_USERS, current),
    "no-access": Format(_USERS, lambda world: current(world, access=False)),
    "renamed": Format(_USERS, renamed),
    "groups": Format(_USERS, per_group),
    "group-list": Format(_USERS, group_list),
    "pivot": Format(_USERS, pivot),
    "bom": Format(_USERS, current, bom=True, end="\r\n"),
    "semicolon": Format(_USERS, per_group, delimiter=";", bom=True, end="\r\n"),
    "site": Format("users.csv", site),
    "intermediate": Format("users.csv", intermediate),
    "yes-no": Format("users.csv", lambda world: site(world, yes_no=True)),
    "excel": Format(_USERS, lambda world: saved(world, "{day}-{month:.3}-{year:02d}")),
    "excel-us": Format(_USERS, lambda world: saved(world, "{number}/{day}/{century}")),
    "managed": Format("managed-accounts.csv", managed),
    "people": Format("people.csv", people),
}


def text(world: World, style: str = "current") -> str:
    """Return a whole file.

    Raises:
        ValueError: no style has that name.
    """
    if style not in FORMATS:
        raise ValueError(f"no export has the format {style!r}; there are {', '.join(FORMATS)}")
    form = FORMATS[style]
    page = io.StringIO(newline="")
    page.write("\ufeff" if form.bom else "")
    csv.writer(page, delimiter=form.delimiter, lineterminator=form.end).writerows(form.rows(world))
    return page.getvalue()


def write(world: World, folder: Path, *, style: str = "current") -> Path:
    """Write one file into a folder under the name the admin site gives it; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = text(world, style)
    path = folder / FORMATS[style].name
    path.write_text(whole, encoding="utf-8", newline="")
    return path


def download(world: World, request: Request) -> Reply:
    """`GET /_sandbox/export?format=current`; without a format, the names of all."""
    style = request.get("format")
    if style is None:
        return json_reply({"formats": list(FORMATS)})
    try:
        whole = text(world, style)
    except ValueError as error:
        return json_reply({"error": str(error)}, 400)
    name = FORMATS[style].name
    headers = [("Content-Disposition", f'attachment; filename="{name}"')]
    return Reply(200, whole.encode(), headers, kind="text/csv; charset=utf-8")


# No API, only the door under `/_sandbox/export`.
FACE = Face(name="export", prefix="/export", routes=(), admin=(Route("GET", "", download),))
