"""The forms of calls that a service has accepted, kept in the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class FormTable(Protocol):
    """The interface of a `Store` that this module uses."""

    def form(self, place: str, question: str) -> str:
        """Return the recorded form, or ""."""
        ...

    def add_form(self, place: str, question: str, answer: str, hours: float | None = None) -> None:
        """Record a form."""
        ...


class StoredForms:
    """The forms of one endpoint in the store; see `providers._base.Forms`.

    Args:
        table: the store.
        address: the endpoint's address.
        account: returns a name for the account that does not reveal the key.
    """

    def __init__(self, table: FormTable, address: str, account: Callable[[], str]) -> None:
        self._table = table
        self._address = address
        self._account = account

    def get(self, question: str, *, by_account: bool = False) -> str:
        """Return the form that was accepted last, or ""."""
        return self._table.form(self._place(by_account=by_account), question)

    def set(
        self, question: str, answer: str, *, by_account: bool = False, hours: float | None = None
    ) -> None:
        """Record a form; it is forgotten after `hours`, if that is given."""
        self._table.add_form(self._place(by_account=by_account), question, answer, hours)

    def _place(self, *, by_account: bool) -> str:
        return self._account() if by_account else self._address
