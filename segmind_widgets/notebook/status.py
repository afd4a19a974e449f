"""The command behind `%segmind_status`: what is known here at once, then what the services say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import SegmindError, Unauthorized, Unreachable
from segmind_widgets.formatting import abbreviate_home, money
from segmind_widgets.notebook.display import CellDisplay
from segmind_widgets.notebook.tables import Cell, Table

if TYPE_CHECKING:
    from segmind_widgets.types import Credits

AT_ONCE = 0.3  # seconds: balances that come later replace the first table
PATIENCE = 3.0  # seconds until a service counts as not reachable
Columns: TypeAlias = Mapping[str, Cell]
_SILENT = "not reachable"
_COLUMNS: Columns = {"": lambda row: row[0], " ": lambda row: row[1]}


class ShownTable(Table):
    """A table that the cell has shown already: as the cell's value only `rest` of it is shown."""

    rest: Table | None = None
    _is_new = True

    def _ipython_display_(self) -> None:
        is_new, self._is_new = self._is_new, False
        if self.rest is not None or not is_new:
            raise NotImplementedError  # IPython shows it as any other value

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        rest, self.rest = self.rest, None
        return rest._repr_mimebundle_() if rest else super()._repr_mimebundle_(**options)


class StatusCommand:
    """Shows the status of a session.

    Args:
        client: has the keys, the jobs and the accounts.
        display: the outputs of the shell.
        provider: whose balance is asked for; None: of all that have a key.

    Raises:
        KeyMissing: the provider has no key.
    """

    def __init__(self, client: SegmindClient, display: CellDisplay, provider: str | None) -> None:
        self._client = client
        self._display = display
        self._keys = client.session.keys
        self._balances = client.session.balances(provider, PATIENCE)

    def run(self) -> Table:
        """Show the status.

        Raises:
            Unauthorized: the provider refuses the key.
        """
        is_early = not self._balances.wait(AT_ONCE)
        table = self._show_early() if is_early else self._table()
        chosen = self._balances.chosen
        answer, name = self._balances.answer(chosen), chosen.provider.name
        if isinstance(answer, Unauthorized):
            remedy = self._keys.remedy(name) or f"%segmind_login {name} sets another."
            hint = (
                f"The key {self._keys.masked(name)} comes from {self._keys.source(name)}. {remedy}"
                f" Keys are made at {chosen.provider.keys_url}"
            )
            raise answer.with_hint(hint) from answer.__cause__
        return table

    def _show_early(self) -> Table:
        """Show what is known, wait for the balances, and return the shown table with them."""
        replace = self._display.show_first(self._table(missing="asking…"))
        self._balances.wait(PATIENCE - AT_ONCE)
        table = ShownTable(*self._content(), links=[" "], whole=True)
        if self._display.widgets:
            replace(self._table())
        else:  # a terminal keeps the first table
            balances = [
                (f"credits at {one.provider.title}", _balance(self._balances.answer(one)))
                for one in self._balances.asked
            ]
            table.rest = Table(balances, _COLUMNS)
        return table

    def _table(self, missing: str = _SILENT) -> Table:
        return Table(*self._content(missing), links=[" "], whole=True)

    def _content(self, missing: str = _SILENT) -> tuple[list[tuple[str, str]], Columns, str]:
        """Return rows, columns and caption; `missing` stands for a balance without an answer."""
        chosen = self._balances.chosen
        provider, is_sandbox = chosen.provider, chosen.sandbox
        limit = chosen.transport.limit
        pages = {"keys": provider.keys_url, **provider.pages}
        rows = [
            ("provider", f"{provider.title}{', on the sandbox' if is_sandbox else ''}"),
            ("key", "none needed" if is_sandbox else self._key(provider.name)),
            ("credits", _balance(self._balances.answer(chosen), missing)),
        ]
        for other in self._balances.others:
            balance = f", {_balance(self._balances.answer(other), missing)}" * (not is_sandbox)
            rows.append((other.provider.title, f"{self._key(other.provider.name)}{balance}"))
        rows += [
            ("rate limit", _rate(limit.per_minute, limit.present_rate)),
            ("this session", self._spend(sandbox=is_sandbox)),
            ("unfinished jobs", self._unfinished()),
            ("results in", abbreviate_home(self._client.session.store.home)),
            ("address", chosen.address),
            *((topic, page) for topic, page in pages.items() if page),
        ]
        caption = "Nothing is billed on the sandbox. %segmind_login sets a key." * is_sandbox
        return rows, _COLUMNS, caption

    def _key(self, provider: str) -> str:
        return f"{self._keys.masked(provider)} from {self._keys.source(provider)}"

    def _spend(self, *, sandbox: bool) -> str:
        session = self._client.session_spend(sandbox=sandbox)
        unit = " of sandbox credits" if sandbox else ""
        in_flight = f", {money(session.in_flight)} for running jobs" if session.in_flight else ""
        return f"{money(session.spent)}{unit} spent{in_flight}"

    def _unfinished(self) -> str:
        count = self._client.session.store.count(unfinished=True)
        return f"{count:,}; %segmind_jobs --resume resumes them" if count else "none"


def _rate(most: float, present: float | None) -> str:
    """Describe a limit and the present rate, both in requests a minute."""
    if present is None:
        return "none"
    rate = f"{present:.0f}" if present >= 10 else f"{present:.2g}"
    if not most:
        return f"{rate} requests a minute, after a 429"
    now = "" if present >= most else f", now {rate}"
    return f"{most:g} requests a minute{now}"


def _balance(answer: Credits | SegmindError | None, missing: str = _SILENT) -> str:
    """Return an account's balance in words, or the reason why it is not known."""
    if answer is None:
        return missing
    if isinstance(answer, Unauthorized):
        return "the key is refused"
    if isinstance(answer, Unreachable):
        has_remedy = answer.hint != type(answer).hint  # such as that of a proxy
        return f"{_SILENT}: {answer.message} {answer.hint}" if has_remedy else _SILENT
    return answer.message if isinstance(answer, SegmindError) else describe_credits(answer)


def describe_credits(account: Credits) -> str:
    """Return a balance in words."""
    if account.unlimited:
        return "unlimited"
    free = f" and {account.free:.2f} free" if account.free else ""
    return f"{account.balance:.2f} USD{free}"
