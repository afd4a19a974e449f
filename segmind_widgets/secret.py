"""A key as a value that nothing shows, and tracebacks without the frames that use it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, NoReturn, TypeVar

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    P = ParamSpec("P")

R = TypeVar("R")
_KEPT = ("builtins", "segmind_widgets")  # errors of other packages may hold a request with the key


class Secret:
    """An API key. Its repr hides it, and it cannot be pickled.

    Attributes:
        reveal: returns the key. Call it only where a function `without_frames` is on the stack.
    """

    __slots__ = ("reveal",)

    def __init__(self, text: str) -> None:
        # a method implemented in C: its repr does not show the text, and calling it adds no frame
        self.reveal: Callable[[], str] = text.strip().__str__

    def __repr__(self) -> str:
        return "<Secret>"

    def __len__(self) -> int:
        return len(self.reveal())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __reduce__(self) -> NoReturn:
        raise TypeError("A key cannot be pickled or copied.")

    @property
    def is_printable(self) -> bool:
        """Return whether a header can carry the key: printable ASCII without spaces."""
        return re.fullmatch("[!-~]+", self.reveal()) is not None

    @property
    def masked(self) -> str:
        """Return an ellipsis and the last three characters, for display."""
        return f"…{self.reveal()[-3:]}" if len(self) >= 12 else "…"

    @property
    def digest(self) -> str:
        """Return a name for the account that does not reveal the key."""
        return hashlib.blake2b(self.reveal().encode(), digest_size=8, person=b"account").hexdigest()

    def is_in(self, text: str) -> bool:
        """Return whether a text contains the key."""
        return self.reveal() in text

    def cut_from(self, text: str, mark: str) -> str:
        """Return a text with `mark` in place of the key."""
        return text.replace(self.reveal(), mark)


def without_frames(function: Callable[P, R]) -> Callable[P, R]:
    """Cut the frames of a function from the traceback of all that it raises.

    IPython's verbose tracebacks and `%debug` show the variables of every frame, and requests,
    urllib3 and http.client have the key in theirs. An interrupt may be raised in any of them. The
    errors that these packages raised go, too, because they refer to the request.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - raised again
            raise _cut(error)  # noqa: B904 - it is the error itself

    return call


def _cut(error: BaseException) -> BaseException:
    """Remove the traceback, and the earlier errors except a cause that is not a library's."""
    cause, is_suppressed = error.__cause__, error.__suppress_context__
    if cause is not None and _is_kept(cause):
        cause.__traceback__ = cause.__context__ = cause.__cause__ = None
    else:
        error.__cause__ = None
    error.__traceback__ = error.__context__ = None
    error.__suppress_context__ = is_suppressed
    if not _is_kept(error):
        for name in {"request", "response"} & vars(error).keys():
            setattr(error, name, None)
    return error


def _is_kept(error: BaseException) -> bool:
    return type(error).__module__.partition(".")[0] in _KEPT


@without_frames  # a traceback from within would show the whole environment
def from_environment(name: str) -> str:
    """Return an environment variable without spaces around it; "" if it is not set."""
    return os.environ.get(name, "").strip()
