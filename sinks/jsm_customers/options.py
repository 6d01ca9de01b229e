"""What a connection of kind `jsm_customers` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import SiteOptions


class JsmCustomersOptions(SiteOptions):
    """What a connection of kind `jsm_customers` may say."""

    kind: ClassVar[str] = "jsm_customers"

    desks: list[str] = Field(
        [], description="Keys of the projects whose desks get each organisation that is made."
    )
    page_size: int = Field(50, ge=1, le=50, description="Customers, organisations and desks a page.")
