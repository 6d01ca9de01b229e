"""Write the JSON Schema of the policy file and the page that is made from it: `make schema`."""

from __future__ import annotations

import json
from pathlib import Path

from provisioning.policy.json_schema import json_schema
from provisioning.policy.reference import reference
from tasks.policy_file import ConnectorOptions

ROOT = Path(__file__).resolve().parents[1]


def written() -> dict[Path, str]:
    """The files and what they should hold, with the options of every connector there is."""
    schema = json_schema(ConnectorOptions())
    return {
        ROOT / "config" / "policy.schema.json": json.dumps(schema, indent=2) + "\n",
        ROOT / "docs" / "policy.md": reference(schema) + "\n",
    }


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text, encoding="utf-8")
