"""The progress of uploads that are sent at once, and their end when the user stops."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from segmind_widgets.assets.outgoing import Outgoing

Progress = Callable[[int, int], None]  # called with the bytes sent and the total


class UploadStopped(Exception):
    """The user stopped the upload; raised while a body is read, which ends its request."""


class TotalProgress:
    """The progress of calls that are sent at once.

    Args:
        files: the files of all calls.
        progress: called by `report` with the bytes sent so far and in all.
    """

    def __init__(self, files: Iterable[Outgoing], progress: Progress | None) -> None:
        self._total = _size(files)
        self._progress = progress
        self._counts: list[int] = []  # of each call
        self._reported = -1  # so that an empty file is reported, too
        self._is_stopped = False

    def part(self, files: Iterable[Outgoing]) -> Callable[[int], None]:
        """Return the progress of one call with these files, which takes the bytes of its body."""
        size, index = _size(files), len(self._counts)
        self._counts.append(0)

        def sent(position: int) -> None:
            if self._is_stopped:
                raise UploadStopped
            # a body is longer than the files in it, and begins again where it is repeated
            self._counts[index] = max(self._counts[index], min(position, size))

        return sent

    def report(self) -> None:
        """Report what was sent since the last report."""
        count = sum(self._counts)
        if self._progress and self._counts and count > self._reported:
            self._reported = count
            self._progress(count, self._total)

    def stop(self) -> None:
        """End the calls that are being sent."""
        self._is_stopped = True


def _size(files: Iterable[Outgoing]) -> int:
    return sum(file.original.size or 0 for file in files)
