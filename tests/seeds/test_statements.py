"""Each statement of the services' pages has a test."""

from __future__ import annotations

from tests.seeds.statements import PAGES, marked, statements


def test_every_statement_is_shown_by_a_test() -> None:
    shown = set(marked())
    assert [one.id for one in statements() if not one.remark and one.id not in shown] == []
    assert shown <= {one.id for one in statements()}


def test_the_statements_are_numbered_and_of_known_pages() -> None:
    numbers = [int(one.id.partition("-")[2]) for one in statements()]
    assert numbers == list(range(1, 176))
    assert {one.id[0] for one in statements()} == set(PAGES)
