"""Files that appear whole or not at all, what tells one from another, and what helps where there can be none."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CURES = {
    errno.ENOSPC: "; make room there",
    errno.EDQUOT: "; make room there",
    errno.EMFILE: "; allow this process more open files, for example by `ulimit -n 1024`",
    errno.ENFILE: "; too many files are open on this machine",
    errno.EAGAIN: "; allow this user more processes, for example by `ulimit -u`",
    errno.ENOMEM: "; there is no memory left",
}
"""What helps where a machine is short of something."""


def fingerprint(path: Path, digits: int = 64) -> str:
    """Return what tells a file's content from any other's: digits of its SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:digits]


def trouble(error: OSError) -> str:
    """Return in one line why a file could not be read or written, and what helps."""
    cure = CURES.get(error.errno or 0, "")
    return f"{error.filename or 'a file'}: cannot be read or written: {error.strerror or error}{cure}"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a name beside `path` to write to; it becomes `path` at the end, and nothing is left where that fails."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")  # nobody else's, on no machine
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
