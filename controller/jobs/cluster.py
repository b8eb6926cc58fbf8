"""Computing on a Dask cluster, behind the same interface as processes of one's own; needs the extra `cluster`."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from controller.settings.layers import ConfigError

_PATIENCE = "10s"
"""How long a scheduler may take to answer."""


@contextmanager
def cluster(scheduler: str) -> Iterator[Executor]:
    """Connect to a scheduler; what a lost worker was doing is given to another one.

    Args:
        scheduler: its address, such as tcp://10.0.0.1:8786.

    Raises:
        ConfigError: Dask is not installed, or nobody answers.
    """
    place = f"command line: --scheduler {scheduler}"
    try:
        from distributed import Client
    except ImportError as error:
        raise ConfigError(f"{place}: {error.name} is not installed; pip install 'limber[cluster]'") from error
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError, TypeError) as error:
        text = " ".join(str(error).split())
        raise ConfigError(f"{place}: expected the address of a running Dask scheduler: {text}") from error
    with client, client.get_executor(pure=False) as executor:
        yield executor
