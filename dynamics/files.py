"""Files that appear whole or not at all, and what tells one from another."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def fingerprint(path: Path, digits: int = 64) -> str:
    """Return what tells a file's content from any other's: digits of its SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:digits]


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
