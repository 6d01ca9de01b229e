"""What a connection of kind `jira_cloud` may say."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from sinks.kit.options import SiteOptions

USERS_A_PAGE = 1000


class JiraCloudOptions(SiteOptions):
    """What a connection of kind `jira_cloud` may say."""

    kind: ClassVar[str] = "jira_cloud"

    page_size: int = Field(USERS_A_PAGE, ge=1, le=USERS_A_PAGE, description="Users a page.")
