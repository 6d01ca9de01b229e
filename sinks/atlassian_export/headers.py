"""What the headers of an exported user list mean, in every format the admin site has had.

Headers are compared without regard to case, to blanks, or to the dash an office program has put in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from provisioning.model.findings import Unreadable
from provisioning.model.text import fold, nearest
from sinks.kit.products import PRODUCT_LABELS

NAMES = {
    "account_id": ("user id", "atlassian id", "atlassian account id", "account id", "aaid", "id"),
    "user_name": ("username", "user_name", "login", "login name"),
    "display_name": ("user name", "full_name", "full name", "name", "display name", "displayname"),
    "email": ("email", "e-mail", "email address", "e-mail address", "mail"),
    "state": ("user status", "account status", "status", "state", "active"),
    "added_on": ("added to org", "date added", "added on", "created", "created on", "created date"),
    "role": ("org role", "organization role", "organisation role", "org roles"),
    "directory": ("user directory", "directory"),
    "claimed": ("claimed", "managed"),
}
"""Headers of plain columns."""
LAST_ACTIVE = (
    "last active date [utc]",
    "last active date",
    "last active (utc)",
    "last active",
    "last_login",
    "last login date",
    "last login",
    "last_session",
    "last session",
    "last seen",
)
"""Headers of columns that tell an account's last activity in any product; the latest of them counts."""
_MANAGED = frozenset({"atlassian id", "last active date [utc]", "policy type"})
"""Headers of the list of managed accounts alone."""
_DASHES = re.compile(
    "[\N{HYPHEN}-\N{HORIZONTAL BAR}\N{MINUS SIGN}\N{SMALL HYPHEN-MINUS}\N{FULLWIDTH HYPHEN-MINUS}]"
)
_BLANKS = re.compile(r"[\s\N{ZERO WIDTH SPACE}]+")
_SEEN = re.compile(r"last (?:seen|active|used|accessed) (?:in|on) (.+)", re.IGNORECASE)
_GROUP_NAME = re.compile(r"groups?|group[ _]names?(?: ?\d+)?", re.IGNORECASE)
_GROUP_ID = re.compile(r"group[ _]ids?(?: ?\d+)?", re.IGNORECASE)
_LABELS = {fold(label): key for label, key in PRODUCT_LABELS.items()}


class Header(NamedTuple):
    """A file's first row.

    Attributes:
        names: as they stand, trimmed.
        clean: the same with plain dashes and blanks.
        places: position of each plain column.
        last_active: positions of the columns that tell the last activity in any product.
        group_names, group_ids: positions of the columns that hold groups.
        managed: whether it is the list of managed accounts.
    """

    names: list[str]
    clean: list[str]
    places: dict[str, int]
    last_active: list[int]
    group_names: list[int]
    group_ids: list[int]
    managed: bool

    @property
    def taken(self) -> set[int]:
        """Positions of all columns but those of products."""
        return {*self.places.values(), *self.last_active, *self.group_names, *self.group_ids}

    def field(self, place: int) -> str:
        """What reports call a column: our name of a plain one, else its header."""
        plain = {position: name for name, position in self.places.items()}
        return plain.get(place) or self.names[place]


def read_header(names: Sequence[str], mapping: Mapping[str, str]) -> Header:
    """Say what the plain columns of a file are.

    Args:
        names: the file's first row.
        mapping: our column to the file's header, where it is not well known.

    Raises:
        Unreadable: nothing in it names a person, or a mapped header is not there.
    """
    clean = [clean_name(name) for name in names]
    plain = [fold(name) for name in clean]
    places = _places(plain, mapping, names)
    if not {"account_id", "email", "user_name"} & set(places):
        near = nearest("email", names)
        hint = f"the nearest header is '{near}'" if near else f"its headers are {', '.join(names)}"
        raise Unreadable(
            f"no column names a person; {hint}",
            remedy="Name one under `columns` of the connection, such as columns: {email: 'E-mail'}.",
        )
    own = places.pop("last_active", None)
    free = {place: name for place, name in enumerate(plain) if place not in places.values()}
    uses = [place for place, name in free.items() if name in LAST_ACTIVE] if own is None else [own]
    return Header(
        list(names),
        clean,
        places,
        uses,
        [place for place, name in free.items() if _GROUP_NAME.fullmatch(name)],
        [place for place, name in free.items() if _GROUP_ID.fullmatch(name)],
        bool(_MANAGED & set(plain)),
    )


def clean_name(name: str) -> str:
    """A header with plain dashes and single blanks."""
    return _BLANKS.sub(" ", _DASHES.sub("-", name)).strip()


def _places(plain: Sequence[str], mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    places = {}
    for name, own in mapping.items():
        wanted = fold(clean_name(own))
        if wanted not in plain:
            near = nearest(own, header) or ", ".join(header)
            raise Unreadable(
                f"it has no column '{own}'; the nearest is '{near}'",
                remedy="Correct the header under `columns` of the connection.",
            )
        places[name] = plain.index(wanted)
    for name, known in NAMES.items():
        place = next((plain.index(word) for word in known if word in plain), None)
        if name not in places and place is not None and place not in places.values():
            places[name] = place
    return places


def app_last_seen(name: str) -> str | None:
    """Return the `App - site` whose last use a header tells."""
    match = _SEEN.fullmatch(name)
    return match[1] if match else None


def label_of(name: str) -> str | None:
    """Return the product that a header without a site names."""
    return _LABELS.get(fold(name))


def app_and_site(name: str) -> tuple[str, str | None]:
    """Return product and site of `App - site`; known names first, for either may hold a hyphen itself."""
    text = fold(name)
    if text in _LABELS:
        return _LABELS[text], None
    label = next((label for label in _LABELS if text.startswith(f"{label} - ")), None)
    if label:
        return _LABELS[label], site_name(name[len(label) + 3 :])
    app, _, site = name.partition(" - ")
    return re.sub(r"[^a-z0-9]+", "-", app.casefold()).strip("-"), site_name(site) or None


def site_name(text: str) -> str:
    """Name of a site, given by name or by address."""
    name = text.strip().removeprefix("https://").rstrip("/")
    return name[: -len(_HOST)] if name.lower().endswith(_HOST) else name


_HOST = ".atlassian.net"
