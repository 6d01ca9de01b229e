"""Files that only their owner can read: they hold names, addresses and money."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

OWNER = 0o700
"""What is left of anybody's rights: the owner's."""


def create_privately() -> None:
    """Let what this process creates from now on be its owner's alone."""
    os.umask(0o777 & ~OWNER)


def keep_private(*paths: Path) -> None:
    """Take everyone's rights but the owner's off files and folders; what is absent or not ours stays."""
    for path in paths:
        with suppress(FileNotFoundError, PermissionError):
            mode = path.lstat().st_mode
            if (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) and stat.S_IMODE(mode) & ~OWNER:
                path.chmod(stat.S_IMODE(mode) & OWNER)


def keep_folder_private(folder: Path, *, shared: Iterable[Path] = ()) -> None:
    """Take everyone's rights but the owner's off a folder and the files in it.

    Args:
        folder: the folder; nothing happens while it does not exist.
        shared: what others need to reach. Folders above it, and those in which anyone may write, stay.
    """
    if not folder.is_dir():
        return
    whole = folder.resolve()
    above = {part for path in shared for part in (path.resolve(), *path.resolve().parents)}
    if whole not in above and not folder.stat().st_mode & stat.S_ISVTX:
        keep_private(folder, *(path for path in folder.iterdir() if path.is_file()))
