"""What a connection of kind `jsm_customers_dc` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import ServerOptions


class JsmCustomersDcOptions(ServerOptions):
    """What a connection of kind `jsm_customers_dc` may say."""

    kind: ClassVar[str] = "jsm_customers_dc"

    url: str = Field(description="Address of Jira, with its context path.")
    desks: list[str] = Field(
        [], description="Keys of the projects whose desks get each organisation that is made."
    )
    page_size: int = Field(
        200, ge=1, le=1000, description="Users a page; of customers, organisations and desks 50 at most."
    )
