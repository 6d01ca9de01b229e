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


class Unsigned(AuthBase):
    """Leaves a request as it is: a token endpoint takes the credential in its form, not in a header."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Leave the request as it is."""
        return request


class ApiKey(AuthBase):
    """Signs with one header that holds a key, such as `X-API-Key: …` or `Authorization: SSWS …`."""

    def __init__(self, header: str, key: SecretStr, *, prefix: str = "") -> None:
        """Take the key; it is concealed from now on.

        Args:
            header: name of the header.
            key: the secret.
            prefix: what stands before the key, a blank at its end included.
        """
        conceal(key.get_secret_value())
        self._header = header
        self._value = f"{prefix}{key.get_secret_value()}"

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Sign the request."""
        request.headers[self._header] = self._value
        return request

    def __repr__(self) -> str:
        """Show the kind alone."""
        return f"{type(self).__name__}()"


class Bearer(ApiKey):
    """`Authorization: Bearer …` (RFC 6750)."""

    def __init__(self, token: SecretStr) -> None:
        """Take the token; it is concealed from now on."""
        super().__init__("Authorization", token, prefix="Bearer ")


class Basic(ApiKey):
    """`Authorization: Basic …` (RFC 7617), a name and a password or token."""

    def __init__(self, name: str, password: SecretStr) -> None:
        """Take both; the password and the pair as sent are concealed from now on."""
        conceal(password.get_secret_value())
        pair = base64.b64encode(f"{name}:{password.get_secret_value()}".encode()).decode("ascii")
        super().__init__("Authorization", SecretStr(pair), prefix="Basic ")
