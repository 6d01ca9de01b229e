"""What a connection of kind `ldap` may say."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from sources.kit.options import SourceOptions
from sources.ldap.profiles import COLUMNS, PROFILES, Profile
from transport.loopback import is_this_machine

SCHEMES = ("ldap", "ldaps")


class LdapOptions(SourceOptions):
    """What a connection of kind `ldap` may say."""

    kind: ClassVar[str] = "ldap"
    known_fields = COLUMNS
    untold: ClassVar[frozenset[str]] = frozenset({"hired_on"})

    profile: Literal["active_directory", "openldap"] = Field(description="Which directory it is.")
    url: str = Field(
        description="Address of the server, such as ldaps://dc1.acme.test; ldap:// goes on with StartTLS."
    )
    bind_dn: str = Field(
        min_length=1,
        description="Who signs in: a DN; of Active Directory also name@domain or DOMAIN\\name.",
    )
    password: SecretStr = Field(description="Its password.")
    base: str | None = Field(None, description="DN everything is read below; by default the whole directory.")
    ca: Path | None = Field(None, description="File of the authority that signed the server's certificate.")
    starttls: bool = Field(
        True, description="Whether ldap:// is encrypted; only this machine may do without."
    )
    people: str | None = Field(None, description="LDAP filter of people, where yours differs.")
    group_filter: str | None = Field(None, description="LDAP filter of groups, where yours differs.")
    nested: bool = Field(True, description="Whether members of groups within a group are its members.")
    attributes: dict[str, str] = Field({}, description="Column to LDAP attribute, where yours differ.")
    page_size: int = Field(500, ge=1, le=1000, description="Entries a page.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in SCHEMES or not parts.hostname or parts.path.strip("/") or "@" in parts.netloc:
            raise ValueError(
                f"{url!r} is no address such as ldaps://dc1.acme.test or ldap://dc1.acme.test:389"
            )
        return url.rstrip("/")

    @field_validator("password")
    @classmethod
    def _is_not_empty(cls, password: SecretStr) -> SecretStr:
        # Many servers take a name without a password for a nobody, and answer with success (RFC 4513, 5.1.2).
        if not password.get_secret_value():
            raise ValueError("an empty password would sign in nobody at all; give the account's password")
        return password

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        if self.secure or is_this_machine(urlsplit(self.url).hostname or ""):
            return self
        raise ValueError(
            "the password would travel in clear text; leave out `starttls: false`, or use ldaps://"
        )

    @property
    def secure(self) -> bool:
        """Whether the connection is encrypted."""
        return self.starttls or self.url.startswith("ldaps:")

    @property
    def directory(self) -> Profile:
        """What is particular to the directory."""
        return PROFILES[self.profile]

    @property
    def fields(self) -> dict[str, str]:
        """For each column the attribute that fills it."""
        return {**self.directory.fields, **self.attributes}
