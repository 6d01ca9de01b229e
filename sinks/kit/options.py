"""What every connection to a target may say."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class SinkOptions(BaseModel):
    """What a connection may say, whatever the target; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid")


class RemoteOptions(SinkOptions):
    """What a connection to a target behind an API may say besides."""

    url: str = Field(description="Address of the API.")
    workers: int = Field(8, ge=1, le=64, description="Requests side by side.")
