from __future__ import annotations

import pytest

from segmind_widgets.errors import CellError
from segmind_widgets.notebook.arguments import PARSERS, parse
from segmind_widgets.notebook.run_arguments import run


def test_a_line_with_everything() -> None:
    line = (
        "seedream-4.5 -p segmind --output cat -b --api v2 --seed -1 --timeout 2.5 --max-cost 0.1"
        ' --save "my folder" --dry-run -q prompt="a red fox, --seed 3" size=[1, 2] x=${a + 1}'
    )
    options = run("model").parse(line)
    assert options.target == "seedream-4.5"
    assert options.inputs == ['prompt="a red fox, --seed 3"', "size=[1, 2]", "x=${a + 1}"]
    assert (options.provider, options.output, options.api) == ("segmind", "cat", "v2")
    assert (options.seed, options.timeout, options.max_cost) == (-1, 2.5, 0.1)
    assert options.save == "my folder"
    assert options.background
    assert options.dry_run
    assert options.quiet


def test_options_and_inputs_in_any_order() -> None:
    options = run("model").parse("--seed 3 flux-dev prompt=fox -o x steps=4")
    assert (options.target, options.inputs) == ("flux-dev", ["prompt=fox", "steps=4"])
    assert (options.seed, options.output) == (3, "x")


def test_nothing_is_set_by_an_empty_line() -> None:
    options = run("workflow").parse("")
    assert options.target is None
    assert options.inputs == []
    assert options.seed is options.timeout is options.max_cost is options.save is None


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_every_magic_refuses_an_unknown_option_kindly(name: str) -> None:
    with pytest.raises(CellError) as raised:
        PARSERS[name]().parse("--nonsense")
    assert str(raised.value).startswith(f"%{name} has no option --nonsense.")
    assert f"%{name}?" in raised.value.hint


@pytest.mark.parametrize("name", ["segmind_status", "segmind_login"])
def test_a_word_too_many_is_refused(name: str) -> None:
    with pytest.raises(CellError, match="takes no 'b'"):
        PARSERS[name]().parse("a b" if name == "segmind_login" else "b")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--seed", "expected one argument"),
        ("--seed 1.5", "--seed"),
        ("--max-cost -0.1", "--max-cost"),
        ("--timeout nan", "--timeout"),
        ("--timeout inf", "--timeout"),
        ("--see 3", "no option --see"),
        ('prompt="open', "missing"),
    ],
)
def test_wrong_values_are_errors_and_never_an_exit(line: str, words: str) -> None:
    with pytest.raises(CellError, match=words):
        run("model").parse(f"flux-dev {line}")


@pytest.mark.parametrize(
    "line", ["--resume --stop", "--clean --stop --older 3", "--resume --clean"]
)
def test_one_thing_at_a_time_is_done_with_jobs(line: str) -> None:
    with pytest.raises(CellError, match="cannot be used together"):
        parse("segmind_jobs", line)


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("m --rows a.csv --rows b.csv", "--rows"),
        ("m --seed 1 --seed 2", "--seed"),
        ("m -p segmind --provider apimart", "--provider"),
        ("m -o a -o b", "-o"),
    ],
)
def test_an_option_with_one_value_is_given_once(line: str, option: str) -> None:
    with pytest.raises(CellError, match=f"{option} is given twice"):
        parse("segmind_run", line)
    assert parse("segmind_run", "m --sweep a=1,2 --sweep b=1,2").sweep == ["a=1,2", "b=1,2"]
