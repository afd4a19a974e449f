"""Wait in a test for a change that another thread makes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


def until(true: Callable[[], Any]) -> None:
    """Return once `true()` is true; fail after a minute, which no machine needs."""
    pause, end = threading.Event(), time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it has not happened within a minute"
        pause.wait(0.005)
