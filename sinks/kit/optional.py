"""Reading what a target may refuse to tell: that part is left out with a warning, the rest is read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from transport.errors import BadRequest, Conflict, CredentialRefused, Forbidden, NotFound, PaymentRequired

T = TypeVar("T")
REFUSALS = (BadRequest, Conflict, CredentialRefused, Forbidden, NotFound, PaymentRequired)
"""Answers by which a service says that it does not tell something; trouble on the way is none of them."""
log = logging.getLogger(__name__)


def unless_refused(what: str, read: Callable[[], T], otherwise: T) -> T:
    """Read something that can be left out; a refusal is told in the log, any other failure is raised."""
    try:
        return read()
    except REFUSALS as error:
        log.warning("%s: left out, for it was refused (%s). %s", what, error.message, error.remedy)
        return otherwise
