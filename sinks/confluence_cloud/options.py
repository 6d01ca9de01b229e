"""What a connection of kind `confluence_cloud` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import SiteOptions

PAGE = 200


class ConfluenceCloudOptions(SiteOptions):
    """What a connection of kind `confluence_cloud` may say."""

    kind: ClassVar[str] = "confluence_cloud"

    url: str = Field(description="Address of the site, such as https://acme.atlassian.net, without /wiki.")
    page_size: int = Field(PAGE, ge=1, le=PAGE, description="Rows a page.")
