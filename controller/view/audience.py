"""The pages that are open: one drives, the others watch until it leaves or hands over."""

from __future__ import annotations

import threading


class Audience:
    """Who came, in order, and who of them drives; any thread may ask."""

    def __init__(self) -> None:
        self._pages: list[int] = []
        self._driver: int | None = None
        self._lock = threading.Lock()

    @property
    def driver(self) -> int | None:
        """The page that may change something; None where there is no page."""
        return self._driver

    def __len__(self) -> int:
        return len(self._pages)

    def come(self, page: int) -> None:
        """Let a page look; the first one drives."""
        with self._lock:
            self._pages.append(page)
            self._driver = page if self._driver is None else self._driver

    def leave(self, page: int) -> None:
        """Let a page go; where it drove, the one that has been here longest does so now."""
        with self._lock:
            if page in self._pages:
                self._pages.remove(page)
            if page == self._driver:
                self._driver = self._pages[0] if self._pages else None

    def hand_over(self, page: int) -> None:
        """Let the one that came next after the driver drive, where it is the driver who asks."""
        with self._lock:
            if page == self._driver and len(self._pages) > 1:
                here = self._pages.index(page)
                self._driver = self._pages[(here + 1) % len(self._pages)]
