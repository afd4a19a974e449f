"""The error classes, one for each meaning. A notebook shows an error as a line and a hint.

SegmindError
├── InputError (ValueError)      the request is wrong, and nothing was billed
│   ├── CellError                the text of a cell or a line
│   ├── AssetError               a file that cannot be read, or that the provider refuses
│   └── Rejected                 the service refused a value (400, 406, 415, 422)
│       └── Moderated            …because of its content rules
├── LimitError                   a limit set by you (cost, budget) refused before sending
├── KeyMissing                   no key for this provider
├── Unauthorized                 401: the key is wrong
├── Forbidden                    403: not allowed for this account
├── NotFound                     404: no such model, workflow or job
├── MethodNotAllowed             405
├── NotAcceptable                406 about the type of the request's content
├── InsufficientCredits          402, or 406 about credits
├── TeamLimit                    402, 403 or 406 about the spending limit of a team
├── ModelRetired                 410
├── TooLarge                     413
├── RateLimited                  429; `retry_after` in seconds, if known
├── ServerError                  500, and codes without a class of their own
│   └── GatewayError             502, 503, 504
├── Unreachable (ConnectionError) no answer; nothing was accepted
│   └── ReplyLost                …after it was sent: a call that is never billed
├── ReplyError                   an answer that cannot be understood
├── ForeignHost                  the key would have gone to another host; it was not sent
├── DownloadError                the result is there, its file could not be fetched yet
├── JobFailed                    the service ran the job, and it failed; not billed
├── JobCancelled
├── SubmitUnknown                a paid request may have been accepted; it is not repeated
├── StillRunning (TimeoutError)  waiting ended, the job goes on
├── WorkersLost                  no worker of an executor takes its tasks
└── StoreError                   the journal or the folder of results cannot be used
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from segmind_widgets.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from typing_extensions import Self, Unpack


class ErrorDetails(TypedDict, total=False):
    """Keyword arguments that every error takes; see `SegmindError`."""

    hint: str
    status: int | None
    body: str
    request_id: str | None
    field: str | None
    type: str | None


class SegmindError(Exception):
    """The base class. Errors are not changed after they are made: `with_hint` returns a copy.

    Raise a copy with `raise error.with_hint(…) from error.__cause__`, so that the traceback shows
    only the copy and not the original error.

    Attributes:
        message: one sentence, without control characters of a service.
        hint: the remedy, or "".
        status: the HTTP status code of the reply, or None.
        body: the text of the reply (at most 2,000 characters), or "".
        request_id: the service's id of the request, or None.
        field: the name of the input that is wrong, or None.
        type: the service's own kind of error, such as "invalid_request_error", or None.
    """

    hint: str = ""

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        status: int | None = None,
        body: str = "",
        request_id: str | None = None,
        field: str | None = None,
        type: str | None = None,  # noqa: A002 - the services' own name
    ) -> None:
        message = printable(message)
        super().__init__(message)
        self.message = message
        self.hint = printable(hint) or self.__class__.hint
        self.status = status
        self.body = body
        self.request_id = request_id
        self.field = field
        self.type = type

    def with_hint(self, hint: str) -> Self:
        """Return a copy with another hint, and with this error's traceback and cause."""
        return self._with("hint", printable(hint))

    def with_field(self, field: str | None) -> Self:
        """Return a copy that names another input, with this error's traceback and cause."""
        return self._with("field", field)

    def without(self, clean: Callable[[str], str]) -> Self:
        """Return a copy with `clean` applied to its texts; this error if nothing changes."""
        message, hint = clean(self.message), clean(self.hint)
        if (message, hint) == (self.message, self.hint):
            return self
        error = self._with("message", message)
        error.args, error.hint = (message,), hint
        return error

    def _with(self, name: str, value: str | None) -> Self:
        # not with `copy.copy`, which a library may override for exceptions (tblib, in Dask)
        error = type(self).__new__(type(self))
        error.args = self.args
        vars(error).update(vars(self))
        setattr(error, name, value)
        error.__traceback__ = self.__traceback__
        error.__context__, error.__cause__ = self.__context__, self.__cause__
        error.__suppress_context__ = self.__suppress_context__  # after `__cause__`, which sets it
        return error

    def __str__(self) -> str:
        facts = [f"HTTP {self.status}"] if self.status else []
        facts += [self.type] if self.type else []
        facts += [f"request {self.request_id}"] if self.request_id else []
        return printable(f"{self.message} ({', '.join(facts)})") if facts else self.message

    def _render_traceback_(self) -> list[str]:
        """Return a line and a hint in place of a traceback (IPython calls this)."""
        lines = [f"\x1b[0;31m{type(self).__name__}\x1b[0m: {self}"]
        return [*lines, f"  → {self.hint}"] if self.hint else lines


class InputError(SegmindError, ValueError):
    """An invalid request; nothing was sent or nothing was billed."""


class CellError(InputError):
    """A mistake in the text of a cell or a line."""


class AssetError(InputError):
    """A file that cannot be read, or that the provider refuses."""


class Rejected(InputError):
    """A value that the service refused (400, 406, 415, 422)."""

    hint = "Nothing was billed. Change that input; %segmind_models MODEL shows a model's inputs."


class Moderated(Rejected):
    """A refusal by the service's content rules."""

    hint = "Change the prompt or the image: the service's content rules refused the request."


class LimitError(SegmindError):
    """A limit of the user (cost, budget); nothing was sent."""


class KeyMissing(SegmindError):
    """No key for the provider."""


class Unauthorized(SegmindError):
    """HTTP 401: a wrong key."""

    hint = "Check the key with %segmind_status, and set it with %segmind_login."


class Forbidden(SegmindError):
    """HTTP 403: not allowed for this account."""

    hint = (
        "This account may not use it. Premium models need a subscription, or at least $5 of credit"
        " balance."
    )


class NotFound(SegmindError):
    """HTTP 404: no such model, workflow or job."""

    hint = "Check the name: %segmind_models lists models, a workflow's API page shows its id."


class MethodNotAllowed(SegmindError):
    """HTTP 405."""

    hint = "The address is right for another kind of request; check the URL settings."


class NotAcceptable(SegmindError):
    """HTTP 406 about the type of the request's content."""

    hint = "Nothing was billed. The model takes its inputs in another form: try --api v1 or v2."


class InsufficientCredits(SegmindError):
    """HTTP 402, or 406 about credits."""

    hint = "Nothing was billed. Add credits in the provider's console, or choose a cheaper model."


class TeamLimit(SegmindError):
    """HTTP 402, 403 or 406 about the spending limit of a team."""

    hint = "Nothing was billed. Ask whoever manages the team to raise its limit, or wait for it."


class ModelRetired(SegmindError):
    """HTTP 410: the model was withdrawn."""

    hint = "The model was withdrawn. Find another with %segmind_models."


class TooLarge(SegmindError):
    """HTTP 413: the request is too large."""

    hint = "Make the file smaller and try again; nothing was billed."


class RateLimited(SegmindError):
    """HTTP 429.

    Attributes:
        retry_after: seconds to wait according to the service, or None.
    """

    hint = "Too many requests a minute. Wait a little, or lower %config SegmindClient.rate_limit."

    def __init__(
        self, message: str, *, retry_after: float | None = None, **details: Unpack[ErrorDetails]
    ) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after


class ServerError(SegmindError):
    """HTTP 500, and codes without a class of their own."""

    hint = "Not billed. The cause is often an invalid parameter value; otherwise try again later."


class GatewayError(ServerError):
    """HTTP 502, 503 or 504."""

    hint = "The service is temporarily unavailable. Try again in a minute."


class Unreachable(SegmindError, ConnectionError):
    """No answer; nothing was accepted."""

    hint = "Check the network and the URL settings. Nothing was accepted or billed."


class ReplyLost(Unreachable):
    """No answer to a call that was sent and is never billed."""

    hint = "Check the network and try again: this call is never billed."


class ReplyError(SegmindError):
    """An answer in an unknown form."""

    hint = "The service sent an unknown reply; `error.body` contains it."


class ForeignHost(SegmindError):
    """An address to which the key must not go; nothing was sent there."""

    hint = "The key goes only to the provider's own hosts."


class DownloadError(SegmindError):
    """A result file that could not be fetched.

    Attributes:
        retry_after: seconds to wait according to the host, or None.
        is_gone: the host no longer has the file, so another try is useless.
        is_final: the file cannot be fetched from here, so another try is useless.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        is_gone: bool = False,
        is_final: bool = False,
        **details: Unpack[ErrorDetails],
    ) -> None:
        super().__init__(message, **details)
        self.retry_after = retry_after
        self.is_gone = is_gone
        self.is_final = is_final


class JobFailed(SegmindError):
    """A job that the service ran without success; not billed."""

    hint = "Failed jobs are not billed. Change the inputs and run again."


class JobCancelled(SegmindError):
    """A job that was cancelled."""

    hint = "The job was cancelled. Run it again if you still want it."


class SubmitUnknown(SegmindError):
    """A paid request that may have been accepted; it is not repeated."""

    hint = (
        "It may be running and billed, so it is not sent again automatically. Check the "
        "provider's history before you run it again."
    )


class StillRunning(SegmindError, TimeoutError):
    """Waiting ended, and the job continues: no failure, so it is shown as a plain sentence."""

    def _render_traceback_(self) -> list[str]:
        return [f"{self} {self.hint}".strip()]


class WorkersLost(SegmindError):
    """No worker of an executor takes its tasks."""

    hint = "Start the workers again, and run the same batch: finished rows are not repeated."


class StoreError(SegmindError):
    """The journal or the folder of results cannot be used."""
