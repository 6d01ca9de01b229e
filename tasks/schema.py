"""Write the JSON Schema of the policy file for editors: `python -m tasks.schema`."""

from __future__ import annotations

import json
from pathlib import Path

from provisioning.policy.policy import json_schema
from tasks.connections import ConnectorOptions

PLACE = Path(__file__).resolve().parents[1] / "config" / "policy.schema.json"


def text() -> str:
    """The schema with the options of every connector there is."""
    return json.dumps(json_schema(ConnectorOptions()), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
