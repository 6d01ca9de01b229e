"""CSV files."""

from __future__ import annotations

import csv
import os
from decimal import Decimal

import pandas as pd
import pytest

from provisioning.model import frames
from reports import files


def lines(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_values_are_written_so_that_a_script_reads_them_back(tmp_path):
    """ISO times in UTC, cents kept, truth in words, null as nothing, any letter."""
    frame = pd.DataFrame(
        {
            "name": pd.Series(["Zoë, “the” \r\n boss", None], dtype="str"),
            "at": pd.to_datetime(["2026-09-14T09:30:00+02:00", None], utc=True),
            "money": pd.Series([Decimal("7.10"), None], dtype=object),
            "days": pd.array([3, None], dtype="Int64"),
            "managed": pd.array([True, None], dtype="boolean"),
            "billable": [False, True],
        }
    )
    first, second = lines(files.write_csv(frame, tmp_path / "x.csv"))

    assert first == {
        "name": "Zoë, “the” \n boss",
        "at": "2026-09-14T07:30:00Z",
        "money": "7.10",
        "days": "3",
        "managed": "true",
        "billable": "false",
    }
    assert list(second.values()) == ["", "", "", "", "", "true"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1"])
def test_text_that_a_spreadsheet_would_run_is_made_inert(tmp_path, text):
    """An apostrophe stands before it; other text is untouched."""
    frame = pd.DataFrame({"name": pd.Series([text, "a=1"], dtype="str")})

    assert [row["name"] for row in lines(files.write_csv(frame, tmp_path / "x.csv"))] == [f"'{text}", "a=1"]


def test_lines_are_those_of_another_writer_of_csv(tmp_path):
    """Python's own writer puts the same cells between quotes, and no others."""
    texts = ["plain", "a,b", 'said "no"', "two\nlines", "", None, "Zoë"]
    frame = pd.DataFrame(
        {"a, b": pd.Series(texts, dtype="str"), "days": pd.array([*range(6), None], "Int64")}
    )
    with (tmp_path / "other.csv").open("w", encoding="utf-8", newline="") as file:
        other = csv.writer(file, lineterminator="\n")
        other.writerow(frame.columns)
        rows = frame.astype(object).where(frame.notna(), "")
        other.writerows(rows.itertuples(index=False))

    assert files.write_csv(frame, tmp_path / "x.csv").read_bytes() == (tmp_path / "other.csv").read_bytes()


def test_a_file_that_would_say_the_same_is_not_written(tmp_path):
    """Its time stays; another content of the same length is written."""
    frame = pd.DataFrame({"name": pd.Series(["a", "b"], dtype="str")})
    path = files.write_csv(frame, tmp_path / "x.csv")
    os.utime(path, ns=(1, 1))
    files.write_csv(frame, path)
    left = path.stat().st_mtime_ns
    files.write_csv(frame[::-1], path)

    assert (left, path.read_text()) == (1, "name\nb\na\n")


def test_every_file_of_a_run_is_written_even_when_empty(tmp_path, report):
    """An empty table still has its header."""
    tables = {"waste": report.waste, "plan": frames.empty(frames.Changes)}
    written = files.write_all(tmp_path / "out", tables)

    assert [path.name for path in written] == ["waste.csv", "plan.csv"]
    assert len(lines(written[0])) == len(report.waste)
    assert written[1].read_text(encoding="utf-8").strip() == ",".join(frames.columns(frames.Changes))
