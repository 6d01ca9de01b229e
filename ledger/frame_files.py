"""Where the frames of snapshots lie: Parquet files named by their content, in a folder or at a URL.

A frame that has not changed since an earlier snapshot is the same file, so it is stored once. In a folder
files are written beside and renamed, and an object store shows an object once it is whole: a crash leaves
either no file or a whole one.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pandas as pd

from ledger.errors import LedgerError, LedgerUnavailable
from ledger.private import keep_private

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

REMOTE = ("s3", "gs", "gcs", "abfs", "abfss")
"""Object stores that all workers of a team reach."""


class FileLost(LedgerError):
    """A file is not what it was written as, or not there."""

    remedy = "Restore it from a backup, or read everything again with `seatwise reconcile --full`."


class FrameFiles(ABC):
    """Frames by the digest of their file."""

    def save(self, frame: pd.DataFrame) -> str:
        """Keep a frame without its index; its digest."""
        content = io.BytesIO()
        frame.to_parquet(content, engine="pyarrow", compression="zstd", index=False)
        return self.put(content.getbuffer())

    def load(self, digest: str) -> pd.DataFrame:
        """A frame with the types it was saved with.

        Raises:
            FileLost: its file is absent or altered.
        """
        return pd.read_parquet(io.BytesIO(self.content(digest)), engine="pyarrow")

    def content(self, digest: str) -> bytes:
        """A file as it was written.

        Raises:
            FileLost: it is absent or altered.
        """
        if not self.holds(digest):
            raise FileLost(f"{self._name(digest)} is absent")
        content = self._read(digest)
        if _digest_of(content) != digest:
            raise FileLost(f"{self._name(digest)} was altered")
        return content

    @abstractmethod
    def put(self, content: bytes | memoryview) -> str:
        """Keep a file; its digest."""

    @abstractmethod
    def holds(self, digest: str) -> bool:
        """Whether there is a file of that name, whatever is in it."""

    @abstractmethod
    def forget(self, held: Collection[str], before: datetime, *, really: bool) -> int:
        """Remove the files that nobody holds any more.

        Args:
            held: digests that snapshots hold.
            before: aware time; a younger file may belong to a run that is about to catalogue it.
            really: whether it is done.

        Returns:
            How many there were.
        """

    @abstractmethod
    def keep_private(self) -> None:
        """Take the rights of others off what an earlier version, or a restore, left readable."""

    @abstractmethod
    def room(self) -> int | None:
        """Bytes that are free; None where there is no end to them."""

    @abstractmethod
    def _read(self, digest: str) -> bytes:
        """Whatever is in a file."""

    @abstractmethod
    def _name(self, digest: str) -> str:
        """What a file is called, for people."""


def open_frame_files(place: Path | str) -> FrameFiles:
    """The files at a place; nothing is asked of it yet.

    Args:
        place: a folder, or a URL such as `s3://bucket/seatwise`.

    Raises:
        LedgerUnavailable: the URL is of another kind, or holds a credential.
    """
    if isinstance(place, Path):
        return _Folder(place)
    address = urlsplit(place)
    if address.scheme == "file":
        return _Folder(Path(address.path))
    if address.scheme not in REMOTE:
        raise LedgerUnavailable(
            f"snapshots cannot be kept at {address.scheme}:",
            f"Write a folder, or a URL that begins with file: or {', '.join(f'{name}:' for name in REMOTE)}.",
        )
    if address.username or address.password:
        raise LedgerUnavailable(
            "the URL of `snapshots` holds a credential",
            "Leave it out: the store takes it from the environment of the worker, such as AWS_ACCESS_KEY_ID.",
        )
    return _ObjectStore(place)


class _Folder(FrameFiles):
    """A folder of this machine, or one that is mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, content: bytes | memoryview) -> str:
        digest = _digest_of(content)
        path = self._path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=self.folder, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                part.replace(path)
            except BaseException:
                part.unlink(missing_ok=True)
                raise
        _sync_folder(path.parent)
        return digest

    def holds(self, digest: str) -> bool:
        return self._path(digest).is_file()

    def forget(self, held: Collection[str], before: datetime, *, really: bool) -> int:
        found = [*self.folder.glob("??/*.parquet"), *self.folder.glob("*.part")]
        old = [path for path in found if path.stat().st_mtime < before.timestamp()]
        orphans = [path for path in old if path.stem not in held]
        for path in orphans if really else ():
            path.unlink(missing_ok=True)
        return len(orphans)

    def keep_private(self) -> None:
        keep_private(self.folder)  # who may not enter reaches nothing in it

    def room(self) -> int | None:
        there = next(path for path in (self.folder, *self.folder.absolute().parents) if path.is_dir())
        return shutil.disk_usage(there).free

    def _read(self, digest: str) -> bytes:
        return self._path(digest).read_bytes()

    def _name(self, digest: str) -> str:
        return str(self._path(digest))

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.parquet"


class _ObjectStore(FrameFiles):
    """A bucket and the beginning of the names in it."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._opened: tuple[FileSystem, str] | None = None

    def put(self, content: bytes | memoryview) -> str:
        digest = _digest_of(content)
        # What is there already is the same: its name is its content.
        if not self.holds(digest):
            with self._explained() as (store, root), store.open_output_stream(_key(root, digest)) as stream:
                stream.write(content)
        return digest

    def holds(self, digest: str) -> bool:
        with self._explained() as (store, root):
            return bool(store.get_file_info(_key(root, digest)).is_file)

    def forget(self, held: Collection[str], before: datetime, *, really: bool) -> int:
        from pyarrow.fs import FileSelector

        with self._explained() as (store, root):
            found = store.get_file_info(FileSelector(root, recursive=True, allow_not_found=True))
            old = [info for info in found if info.extension == "parquet" and info.mtime < before]
            orphans = [info.path for info in old if info.base_name.removesuffix(".parquet") not in held]
            for path in orphans if really else ():
                store.delete_file(path)
        return len(orphans)

    def keep_private(self) -> None:
        """Who may read a bucket is said at the bucket."""

    def room(self) -> int | None:
        self.holds("0" * 64)
        return None

    def _read(self, digest: str) -> bytes:
        with self._explained() as (store, root), store.open_input_stream(_key(root, digest)) as stream:
            return bytes(stream.read())

    def _name(self, digest: str) -> str:
        return _key(self._url.partition("?")[0], digest)

    @contextmanager
    def _explained(self) -> Iterator[tuple[FileSystem, str]]:
        """The store and the beginning of its names; what it refuses is said in words."""
        from pyarrow.fs import FileSystem

        try:
            if self._opened is None:
                self._opened = FileSystem.from_uri(self._url)
            yield self._opened
        except (OSError, ValueError) as error:
            raise LedgerUnavailable(
                f"the snapshots at {self._url.partition('?')[0]} cannot be used: {error}",
                "Check that the bucket is there and that the worker's environment has a credential for it.",
            ) from error


def _key(root: str, digest: str) -> str:
    return f"{root}/{digest[:2]}/{digest}.parquet"


def _digest_of(content: bytes | memoryview) -> str:
    return hashlib.sha256(content).hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; Windows neither can nor needs to."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
