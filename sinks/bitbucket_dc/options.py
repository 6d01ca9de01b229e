"""What a connection of kind `bitbucket_dc` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import DataCenterOptions


class BitbucketDcOptions(DataCenterOptions):
    """What a connection of kind `bitbucket_dc` may say."""

    kind: ClassVar[str] = "bitbucket_dc"

    page_size: int = Field(1000, ge=1, le=1000, description="Rows a page.")
    notify: bool = Field(False, description="Whether Bitbucket sends new users an e-mail.")
