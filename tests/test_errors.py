"""The error tree, and how errors show."""

from __future__ import annotations

import ast
import copyreg
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from segmind_widgets import errors
from segmind_widgets.errors import DownloadError, RateLimited, SegmindError
from segmind_widgets.providers._errors import from_reply


def test_a_notebook_shows_a_line_and_a_hint() -> None:
    error = errors.Rejected("`steps` is 99; at most 8.", hint="Give 1 to 8.", field="steps")
    assert error._render_traceback_() == [
        "\x1b[0;31mRejected\x1b[0m: `steps` is 99; at most 8.",
        "  → Give 1 to 8.",
    ]
    assert errors.InputError("No.")._render_traceback_() == ["\x1b[0;31mInputError\x1b[0m: No."]


def test_errors_are_also_what_python_calls_them() -> None:
    assert issubclass(errors.InputError, ValueError)
    assert issubclass(errors.Unreachable, ConnectionError)
    assert issubclass(errors.StillRunning, TimeoutError)
    assert str(errors.Unreachable("It is silent.")) == "It is silent."


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, SegmindError)
    ]
    assert len(classes) > 25
    for kind in classes:
        assert kind.__name__ in drawn


def test_an_error_survives_another_process() -> None:
    error = from_reply(422, {"x-request-id": "r"}, b'{"error": "`size` is bad"}')
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.status, again.field, again.hint) == (
        str(error), 422, "size", error.hint,
    )  # fmt: skip


@pytest.mark.parametrize("status", [400, 406, 415, 422])
def test_a_refusal_says_what_to_do(status: int) -> None:
    error = from_reply(status, {}, b'{"error": "No."}')
    assert error.hint.startswith("Nothing was billed.")


def raised(kind: type[SegmindError], cause: Exception | None) -> SegmindError:
    try:
        raise kind("It broke.", hint="Old.", status=418, body="{}", request_id="r") from cause
    except SegmindError as error:
        return error


@pytest.mark.parametrize("kind", [errors.Rejected, errors.Unreachable, errors.StillRunning])
def test_another_hint_makes_another_error(kind: type[SegmindError]) -> None:
    cause = KeyError("why")
    error = raised(kind, cause)
    other = error.with_hint("New.").with_field("size")
    assert type(other) is kind
    assert (error.hint, error.field) == ("Old.", None)
    assert vars(other) == {**vars(error), "hint": "New.", "field": "size"}
    assert other.args == error.args
    assert other.__cause__ is cause
    assert other.__traceback__ is error.__traceback__
    assert error.with_hint("").hint == ""


def test_a_copy_is_not_made_by_what_a_library_registers_for_pickling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dask's tblib does; with it `copy.copy` changed the original."""
    error = errors.Rejected("It broke.", hint="Old.")
    monkeypatch.setitem(copyreg.dispatch_table, errors.Rejected, lambda _: 1 / 0)
    assert (error.with_hint("New.").hint, error.hint) == ("New.", "Old.")


def test_a_copy_keeps_waits_and_goes_through_a_pickle() -> None:
    for error in (
        DownloadError("No.", status=503, retry_after=2.5, is_gone=True),
        RateLimited("Slow.", retry_after=2.5),
    ):
        copy = pickle.loads(pickle.dumps(error.with_hint("New.")))
        assert vars(copy) == {**vars(error), "hint": "New."}
        assert copy.retry_after == 2.5


def test_a_copy_is_shown_with_its_cause_and_without_the_error_that_it_replaces() -> None:
    def fail() -> None:
        raise errors.InputError("It broke.") from KeyError("root")

    def name_the_field() -> None:
        try:
            fail()
        except errors.InputError as error:
            raise error.with_field("size") from error.__cause__

    with pytest.raises(errors.InputError) as caught:
        name_the_field()
    text = "".join(traceback.format_exception(caught.value))
    assert text.count("InputError: It broke.") == 1
    assert "KeyError: 'root'" in text
    assert "in fail" in text
    assert caught.value.field == "size"


ATTRIBUTES = {"hint", "is_gone", "is_final", "retry_after", "field", "request_id"}


def changes_of_errors(tree: ast.AST) -> Iterator[int]:
    """Lines that assign to an attribute of an error: of a caught one, or by an error's name."""
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            owner = node.value.id if isinstance(node.value, ast.Name) else ""
            if owner in caught or "error" in owner or (node.attr in ATTRIBUTES and owner != "self"):
                yield node.lineno


CUTTERS = ("secret", "stopping")  # they remove tracebacks


def test_no_module_changes_an_error() -> None:
    root = Path(errors.__file__).parent
    found = [
        f"{path.relative_to(root)}:{line}"
        for path in root.rglob("*.py")
        if path not in (Path(errors.__file__), *(root / f"{name}.py" for name in CUTTERS))
        for line in changes_of_errors(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []
    sample = "try: f()\nexcept E as x:\n x.a = 1\ny.hint += 'b'\nmy_error.c = 2\nself.field = 3"
    assert sorted(changes_of_errors(ast.parse(sample))) == [3, 4, 5]
