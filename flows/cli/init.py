"""What `seatwise init` does: example files to begin with."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

EXAMPLES = {
    "policy.yaml": "policy.yaml",
    "policy.schema.json": "policy.schema.json",
    "prices.yaml": "prices.yaml",
}


def write_examples(folder: Path, *, force: bool) -> str:
    """Write the examples; what is there stays unless forced.

    Returns:
        What was written and what to do next.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for name, example in EXAMPLES.items():
        path = folder / name
        if path.exists() and not force:
            lines.append(f"kept    {path} (it was there; --force overwrites it)")
            continue
        path.write_text(files("config").joinpath(example).read_text(encoding="utf-8"), encoding="utf-8")
        lines.append(f"wrote   {path}")
    policy = folder / "policy.yaml"
    lines += [
        "",
        f"1. Write your connections and rules into {policy}; an editor completes it through the schema.",
        f"2. seatwise check --config {policy}       says what each credential can do",
        f"3. seatwise reconcile --config {policy}   shows the plan; it writes nothing outside",
    ]
    return "\n".join(lines)
