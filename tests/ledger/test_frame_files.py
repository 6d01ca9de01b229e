"""Snapshots at a URL: a store that every worker reaches, shown on an S3 server of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import boto3
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from ledger import Ledger
from ledger.errors import LedgerUnavailable, SnapshotDamaged
from ledger.frame_files import FileLost, open_frame_files

PEOPLE = pd.DataFrame({"email": ["ada@acme.test", "bo@acme.test", None], "seats": [1, 2, 3]})


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """An S3 server; its address."""
    service = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    service.start()
    yield "http://{}:{}".format(*service.get_host_and_port())
    service.stop()


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """A bucket, seen through Amazon's own library."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "me",
        "AWS_SECRET_ACCESS_KEY": "hush",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    s3 = boto3.resource("s3", endpoint_url=server, region_name="us-east-1")
    made = s3.create_bucket(Bucket=f"acme-{os.getpid()}")
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def url(server: str, bucket) -> str:
    """Where the snapshots lie."""
    return f"s3://{bucket.name}/seatwise?region=us-east-1&endpoint_override={quote(server, safe='')}"


def keep(ledger: Ledger, frame: pd.DataFrame, at: datetime) -> None:
    ledger.save_snapshot("okta", {"identities": frame}, complete=True, at=at, run_id=None)


def test_what_one_worker_reads_another_finds(url: str, bucket, tmp_path: Path) -> None:
    """Two machines share a ledger and a bucket and no folder; equal frames are one object."""
    database = f"sqlite:///{tmp_path / 'seatwise.db'}"
    now = datetime.now(UTC)
    with Ledger.open(database, folder=url) as ledger:
        keep(ledger, PEOPLE, now)
        keep(ledger, PEOPLE, now + timedelta(hours=1))
    with Ledger.open(database, folder=url) as elsewhere:
        found = elsewhere.last_complete("okta")

        assert found is not None
        pd.testing.assert_frame_equal(found.frame("identities"), PEOPLE.astype({"email": "str"}))
    assert [item.key for item in bucket.objects.all()] == [
        f"seatwise/{found.files['identities'][:2]}/{found.files['identities']}.parquet"
    ]
    assert list(tmp_path.iterdir()) == [tmp_path / "seatwise.db"]


def test_an_object_that_is_lost_or_altered_is_not_used(url: str, bucket, tmp_path: Path) -> None:
    with Ledger.open(f"sqlite:///{tmp_path / 'seatwise.db'}", folder=url) as ledger:
        keep(ledger, PEOPLE, datetime.now(UTC))
        snapshot = ledger.last_complete("okta")
        (item,) = bucket.objects.all()
        item.put(Body=b"something else")
        with pytest.raises(SnapshotDamaged, match="was altered"):
            snapshot.frames()
        item.delete()
        with pytest.raises(SnapshotDamaged, match="is absent"):
            snapshot.frames()


def test_objects_nobody_holds_are_forgotten(url: str, bucket) -> None:
    """A young one may belong to a run that is about to catalogue it."""
    files = open_frame_files(url)
    held, orphan = files.save(PEOPLE), files.save(PEOPLE.head(1))
    past, soon = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 1))

    assert files.forget({held}, past, really=True) == 0
    assert files.forget({held}, soon, really=False) == 1
    assert len(list(bucket.objects.all())) == 2
    assert files.forget({held}, soon, really=True) == 1
    left = [item.key for item in bucket.objects.all() if item.size]
    assert len(left) == 1
    assert held in left[0]
    with pytest.raises(FileLost):
        files.load(orphan)


def test_a_store_that_refuses_is_told_in_words(server: str, bucket) -> None:
    url = f"s3://nobody-made-it/x?region=us-east-1&endpoint_override={quote(server, safe='')}"

    with pytest.raises(LedgerUnavailable, match="Check that the bucket is there"):
        open_frame_files(url).save(PEOPLE)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://acme.test/x", "cannot be kept at ftp:.*s3:"),
        ("s3://me:hush@bucket/x", "holds a credential.*Leave it out"),
    ],
)
def test_a_url_that_cannot_be_right_is_refused_without_its_secret(url: str, words: str) -> None:
    with pytest.raises(LedgerUnavailable, match=words) as caught:
        open_frame_files(url)

    assert "hush" not in str(caught.value)


def test_a_file_url_is_a_folder(tmp_path: Path) -> None:
    files = open_frame_files(tmp_path.as_uri())

    found = files.load(files.save(PEOPLE))

    assert isinstance(found, pd.DataFrame)
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
