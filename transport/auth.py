"""Credentials that sign a request.

A client signs only requests to its own host, so a credential never travels further.
"""

from __future__ import annotations

import base64
from abc import ABC, abstractmethod

from pydantic import SecretStr
from requests import PreparedRequest
from requests.auth import AuthBase

from transport.redact import conceal


class Renewable(AuthBase, ABC):
    """A credential that expires and can renew itself.

    Attributes:
        generation: a number that grows with each renewal.
    """

    generation: int

    @abstractmethod
    def renew(self, generation: int) -> bool:
        """Renew after a 401 on a request signed with that generation, unless that happened already.

        Several threads may ask at once. Returns whether to sign and send the request once more.
        """


class _Header(AuthBase):
    """Signs with one header."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign the request."""
        request.headers[self._name] = self._value
        return request

    def __repr__(self) -> str:
        """Show the kind alone."""
        return f"{type(self).__name__}()"


class Bearer(_Header):
    """`Authorization: Bearer …` (RFC 6750)."""

    def __init__(self, token: SecretStr) -> None:
        """Take the token; it is concealed from now on."""
        conceal(token.get_secret_value())
        super().__init__("Authorization", f"Bearer {token.get_secret_value()}")


class Ssws(_Header):
    """`Authorization: SSWS …`, an Okta API token."""

    def __init__(self, token: SecretStr) -> None:
        """Take the token; it is concealed from now on."""
        conceal(token.get_secret_value())
        super().__init__("Authorization", f"SSWS {token.get_secret_value()}")


class Basic(_Header):
    """`Authorization: Basic …` (RFC 7617), a name and a password or token."""

    def __init__(self, name: str, password: SecretStr) -> None:
        """Take both; the password and the pair as sent are concealed from now on."""
        pair = base64.b64encode(f"{name}:{password.get_secret_value()}".encode()).decode("ascii")
        conceal(password.get_secret_value(), pair)
        super().__init__("Authorization", f"Basic {pair}")
