"""What a person sees of money: dry runs, caps, doubts, what is there already, code, the ledger."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas
import pytest

from segmind_widgets import errors
from segmind_widgets.formatting import date_and_time
from segmind_widgets.jobs.job import Job
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.types import Status
from tests.page import text_of
from tests.shells import Shell, open_shell, picture

RUN = "%segmind_run fast-flux-schnell --api v1"


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


Said = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"{RUN} prompt=x --export pyton", "invalid choice: 'pyton'"),
        (f"{RUN} prompt=x --max-cost cheap", "'cheap' is not a number of at least 0"),
        (f"{RUN} prompt=x --max-cost -1", "'-1' is not a number of at least 0"),
        (f"{RUN} prompt=x --reuse", "takes a new seed for each run"),
        (f"{RUN} prompt=x --reuse --seed -1", "takes a new seed for each run"),
        (f"{RUN} prompt=x --agian", "Did you mean --again?"),
        ("%segmind_jobs --status done", "invalid choice: 'done'"),
        ("%segmind_jobs --last 0", "'0' is not a whole number from 1 to 100000"),
        ("%segmind_jobs --last -3", "'-3' is not a whole number"),
        ("%segmind_jobs --last 99999999999999999999", "not a whole number from 1 to 100000"),
        ("%segmind_jobs --clean --older 99999999999", "not a number from 0 to 36500"),
        ("%segmind_spend --since 99999999999", "not a number from 0 to 36500"),
        (f"{RUN} prompt=x --seed x", "'x' is not a whole number"),
        ("%segmind_jobs --last many", "'many' is not a whole number"),
        ("%segmind_jobs --clean", "--clean needs --older DAYS"),
        ("%segmind_jobs --clean --older soon", "'soon' is not a number"),
        ("%segmind_jobs --clean --older -1", "'-1' is not a number from 0 to"),
        ("%segmind_jobs --clean --older 3 abc", "--clean does not take an ID"),
        ("%segmind_jobs --older 3", "--older works only with --clean"),
        ("%segmind_jobs --yes", "--yes works only with --clean"),
        (
            "%segmind_jobs --resume --model flux",
            "--model filters the list and cannot be used with --resume",
        ),
        ("%segmind_jobs abc --text fox", "--text filters the list and cannot be used with an ID"),
        ("%segmind_jobs $RUN", "`$RUN` is not defined"),
        ("%segmind_jobs $In", "$In is a list, not a job"),
        ("%segmind_spend --by week", "invalid choice: 'week'"),
        ("%segmind_spend --since yesterday", "'yesterday' is not a number"),
        ("%segmind_spend today", "takes no 'today'"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    shell: Shell, sandbox: Sandbox, line: str, words: str
) -> None:
    with pytest.raises(errors.InputError) as raised:
        shell.run(line)
    assert words in str(raised.value)
    assert not sandbox.requests("POST")


# before


def test_a_dry_run_tells_what_would_keep_it_from_being_sent(
    shell: Shell, sandbox: Sandbox, capsys: Said
) -> None:
    shell.run(f"{RUN} prompt=x --dry-run --max-cost 0.001 sparkle=1")
    said = capsys.readouterr().out
    assert "This run would be refused: fast-flux-schnell typically costs $0.0055" in said
    assert said.count("`sparkle` is not a known parameter") == 1
    shell.run("%config SegmindClient.budget = 0.001")
    shell.run(f"{RUN} prompt=x --dry-run")
    assert "This run would be refused: fast-flux-schnell may cost $0.0055; of this" in (
        capsys.readouterr().out
    )
    assert not sandbox.requests("POST")


def test_the_budget_is_a_setting_and_refuses(shell: Shell, sandbox: Sandbox) -> None:
    shell.run("%config SegmindClient.budget = 0.006")
    shell.run(f"{RUN} prompt=x")
    for line in (f"{RUN} prompt=y", "%segmind_run bg-removal-v2 image=file:cat.png"):
        Path("cat.png").write_bytes(picture())
        with pytest.raises(errors.LimitError) as raised:
            shell.run(line)
        assert "$0.0055 is spent" in str(raised.value)
        assert "%config SegmindClient.budget = 0." in raised.value.hint
    assert len(sandbox.requests("POST")) == 1


def test_the_very_same_cell_asks_for_again(shell: Shell, sandbox: Sandbox) -> None:
    job = shell.run(f"{RUN} prompt=x")
    with pytest.raises(errors.LimitError) as raised:
        shell.run(f"{RUN} prompt=x")
    assert f"job {job.id}" in str(raised.value)
    assert "--again" in raised.value.hint
    assert shell.run(f"{RUN} prompt=x --again").status is Status.COMPLETED
    assert shell.run(f"{RUN} prompt=y").status is Status.COMPLETED
    assert shell.client.run("fast-flux-schnell", {"prompt": "x"}).status is Status.COMPLETED
    assert len(sandbox.billed_posts) == 4


def test_a_refused_cell_leaves_the_variable_alone(shell: Shell) -> None:
    shell.run(f"{RUN} prompt=x -o fox")
    before = shell.names["fox"]
    with pytest.raises(errors.LimitError):
        shell.run(f"{RUN} prompt=x -o fox")
    assert shell.names["fox"] is before


def test_a_stop_just_after_it_was_sent_does_not_say_that_it_was_not(
    shell: Shell, sandbox: Sandbox
) -> None:
    """Who reads that nothing was submitted runs the cell again, and pays twice."""

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    shell.client.budget = 1.0
    shell.client.observe(interrupted, "newest")
    with pytest.raises(errors.StillRunning, match=r"You stopped waiting; the job .* continues"):
        shell.run(f"{RUN} prompt=x")
    shell.client.unobserve(interrupted, "newest")
    [job] = shell.client.jobs()
    assert job.wait(20).status is Status.COMPLETED
    assert shell.client.session_spend(sandbox=True).spent == job.cost
    with pytest.raises(errors.LimitError, match="same request was sent"):
        shell.run(f"{RUN} prompt=x")
    assert len(sandbox.billed_posts) == 1


def test_reuse_shows_what_was_paid_already(
    shell: Shell, sandbox: Sandbox, tmp_path: Path, capsys: Said
) -> None:
    first = shell.run(f"{RUN} prompt=x --seed 7 --reuse")
    capsys.readouterr()
    again = shell.run(f"{RUN} prompt=x --seed 7 --reuse --max-cost 0 -o fox --save copies")
    assert shell.names["fox"] is again
    assert (again.id, again.outputs[0].path) == (first.id, first.outputs[0].path)
    assert len(list((tmp_path / "copies").iterdir())) == 1
    said = capsys.readouterr().out
    assert f"made on {date_and_time(first.created)}, by the same model from the same inputs" in said
    assert f"copies/{first.outputs[0].path.name}" in said
    assert shell.run(f"{RUN} prompt=x --seed 8 --reuse").id != first.id
    shell.run(f"{RUN} prompt=x --seed 7 --reuse --dry-run")
    assert f"The result of job {first.id} would be shown again" in capsys.readouterr().out
    assert len(sandbox.billed_posts) == 2


def test_reuse_in_another_kernel(sandbox: Sandbox, tmp_path: Path) -> None:
    ids = []
    for _ in range(2):
        with open_shell(tmp_path, sandbox) as shell:
            ids.append(shell.run(f"{RUN} prompt=x seed=7 --reuse").id)
    assert ids[0] == ids[1]
    assert len(sandbox.billed_posts) == 1


# code


@pytest.mark.parametrize("form", ["cell", "client", "python", "curl"])
def test_export_shows_code_and_sends_nothing(
    shell: Shell, sandbox: Sandbox, capsys: Said, form: str
) -> None:
    code = shell.run(f"{RUN} prompt='a <b> fox' -o no --save here --seed 7 --export {form}")
    said = capsys.readouterr().out
    assert code.strip() in said
    assert "a <b> fox" in said
    assert "&lt;b&gt;" in code._repr_html_()
    assert sandbox.environ["SEGMIND_API_KEY"] not in code
    assert not sandbox.requests("POST")
    assert "no" not in shell.names
    assert not Path("here").exists()
    if form in ("client", "python"):
        ast.parse(code)


def test_a_job_exports_itself(shell: Shell, sandbox: Sandbox) -> None:
    job = shell.run(f"{RUN} prompt=fox --seed 7")
    assert job.export("cell").splitlines()[1:] == ["prompt: fox", "seed: 7"]
    for known in (job, shell.client.job(job.id), shell.client.from_image(job.outputs[0].path)):
        assert '"prompt": "fox"' in known.export("python")
        assert known.export("curl").startswith("#!")
    with pytest.raises(errors.InputError, match="no form 'ruby'"):
        job.export("ruby")
    with pytest.raises(errors.SegmindError, match="unknown here"):
        Job(id="x").export("cell")
    assert len(sandbox.billed_posts) == 1


def test_an_exported_cell_runs(shell: Shell, sandbox: Sandbox) -> None:
    cell = shell.run("%segmind_run fast-flux-schnell prompt='a: fox' seed=3 --export cell")
    assert shell.run(cell).status is Status.COMPLETED
    assert sandbox.billed_posts[0].json == {"prompt": "a: fox", "seed": 3}


# the list of jobs


def test_jobs_are_found_by_model_status_and_words(
    shell: Shell, sandbox: Sandbox, capsys: Said
) -> None:
    fox = shell.run(f"{RUN} prompt='a red fox'")
    cat = shell.run("%segmind_run flux-dev prompt='a cat'")
    sandbox.faults.add("POST /v2/.*", "job_failed", words="too dark")
    with pytest.raises(errors.JobFailed):
        shell.run("%segmind_run flux-dev prompt='a red dog' -o dog")
    dog = shell.names["dog"]
    found = {
        "--model flux-dev": [dog, cat],
        "--status failed": [dog],
        "--text red": [dog, fox],
        "--text red fox": [fox],
        "--text red --status completed --last 5": [fox],
        "--unfinished": [],
    }
    for options, jobs in found.items():
        assert list(shell.run(f"%segmind_jobs {options}")) == jobs, options
    capsys.readouterr()
    shell.run("%segmind_jobs --text owl")
    assert "No jobs match." in capsys.readouterr().out
    shell.run("%segmind_jobs --last 2")
    said = capsys.readouterr().out
    assert "2 of 3 jobs; --last N shows more." in said
    assert " UTC" in said


def test_the_table_of_jobs_has_pictures(shell: Shell) -> None:
    shell.run(f"{RUN} prompt='a red fox'")
    shown = shell.run("%segmind_jobs")._repr_mimebundle_()["text/html"]
    assert 'alt="a red fox"' in shown
    assert "$0.0055" in text_of(shown)


def test_a_job_in_full(shell: Shell, sandbox: Sandbox, capsys: Said) -> None:
    job = shell.run(f"{RUN} prompt='a red fox' --seed 7")
    capsys.readouterr()
    shell.names["fox"] = job
    for word in ("$fox", "$fox.id", "${fox.id}", "$foxes[0]"):
        shell.names["foxes"] = [job]
        assert shell.run(f"%segmind_jobs {word}") is job
    capsys.readouterr()
    assert shell.run(f"%segmind_jobs {job.id[:13]}") is job
    said = capsys.readouterr().out
    for words in (
        "fast-flux-schnell", job.id, date_and_time(job.created), "$0.0055", "9.99 USD",
        "input prompt  a red fox",
        str(job.outputs[0].path), "1600×1200", "%%segmind_run", "seed: 7",
    ):  # fmt: skip
        assert words in said, words
    assert shell.run("%segmind_jobs --resume $fox.id").id == job.id
    sandbox.faults.add("POST /v2/.*", "job_failed", words="It is too dark in here.")
    with pytest.raises(errors.JobFailed):
        shell.run("%segmind_run flux-dev prompt=x -o bad")
    capsys.readouterr()
    shell.run(f"%segmind_jobs {shell.names['bad'].id}")
    said = capsys.readouterr().out
    assert "too dark" in said
    assert "Failed jobs are not billed." in said


def test_clean_says_how_much_and_asks(shell: Shell, capsys: Said) -> None:
    job = shell.run(f"{RUN} prompt=x")
    path = job.outputs[0].path
    capsys.readouterr()
    shell.run("%segmind_jobs --clean --older 1")
    assert "0 files" in capsys.readouterr().out
    shell.run("%segmind_jobs --clean --older 0")
    said = capsys.readouterr().out
    assert "would be removed" in said
    assert "Add --yes to delete them." in said
    assert path.exists()
    shell.run("%segmind_jobs --clean --older 0 --yes")
    said = capsys.readouterr().out
    assert "1 file of 1 job was removed" in said
    assert "--yes" not in said
    assert not path.exists()
    assert len(shell.run("%segmind_jobs")) == 1


def test_a_cleaned_job_is_shown_and_told_how_to_get_back(shell: Shell, capsys: Said) -> None:
    job = shell.run(f"{RUN} prompt=x")
    shell.run("%segmind_jobs --clean --older 0 --yes")
    capsys.readouterr()
    shell.run(f"%segmind_jobs {job.id}")  # the job that lives in this kernel
    assert "removed" in capsys.readouterr().out
    assert "was removed" in job._repr_mimebundle_()["text/html"]
    shell.run("%reload_ext segmind_widgets")
    shell.run(f"%segmind_jobs {job.id}")  # as another kernel knows it
    said = capsys.readouterr().out
    assert f"%segmind_jobs --resume {job.id} fetches them" in said
    again = shell.client.job(job.id)
    assert "--resume" in again.to_html()
    again = shell.run(f"%segmind_jobs --resume {job.id}")
    assert again.image.size == job.outputs[0].pixels == (1600, 1200)
    assert again.note == ""


# the ledger


def test_spend_adds_up(shell: Shell, sandbox: Sandbox, capsys: Said) -> None:
    shell.run("%segmind_spend")
    assert "No jobs were run yet." in capsys.readouterr().out
    for prompt in ("one", "two"):
        shell.run(f"{RUN} prompt={prompt}")
    shell.run("%segmind_run flux-dev prompt=three")
    shell.client.session.store.add(
        target="flux-dev", provider="segmind", kind="model", sandbox=False, inputs={}, cost=1.5,
        place="https://api.segmind.com", status="completed",
    )  # fmt: skip
    shell.run("%config SegmindClient.budget = 0.1")
    capsys.readouterr()
    spent = shell.run("%segmind_spend")
    lines = [re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert ["flux-dev", "1", "1", "$1.50", "USD"] in lines
    assert ["fast-flux-schnell", "2", "2", "$0.011", "sandbox credits"] in lines
    assert ["total", "3", "3", "$0.031", "sandbox credits"] in lines
    assert lines[-1][0].startswith("This session: $0.00 spent. In sandbox credits: $0.031 spent.")
    assert (
        "The budget of this session is $0.10. The last balance that a job reported: 9.97 USD of"
        " sandbox credits." in lines[-1][0]
    )
    assert [row.usd for row in spent] == [1.5, 0.02, 0.011]
    for by, rows in (("day", 2), ("notebook", 2), ("job", 4)):
        assert len(shell.run(f"%segmind_spend --by {by}")) == rows, by
    assert len(shell.run("%segmind_spend --since 1")) == 3
    assert len(shell.run("%segmind_spend --since 0")) == 0


def test_spend_by_job_says_what_each_job_was(shell: Shell, capsys: Said) -> None:
    job = shell.run(f"{RUN} prompt='{'a fox in the snow ' * 9}'")
    shell.run("%segmind_run seedream-4.5 prompt=two")
    capsys.readouterr()
    rows = shell.run("%segmind_spend --by job")
    assert [(row.model, row.prompt[:5]) for row in rows] == [
        ("seedream-4.5", "two"), ("fast-flux-schnell", "a fox"),
    ]  # fmt: skip
    lines = [re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines()]
    lines = lines[[line[0] for line in lines].index("job") :]
    assert lines[0][:5] == ["job", "model", "prompt", "day", "jobs"]
    id_, model, prompt, day, *_ = lines[2]
    assert (id_, model) == (job.id, "fast-flux-schnell")
    assert prompt == "a fox in the snow a fox in the snow a fox in th…"
    assert day == str(datetime.fromisoformat(job.created).astimezone().date())
    assert lines[3][:2] == ["total", "2"], "sums have no model, prompt or day"


def test_spend_of_days_without_jobs_says_so(shell: Shell, capsys: Said) -> None:
    shell.run(f"{RUN} prompt=x")
    capsys.readouterr()
    shell.run("%segmind_spend --since 0")
    assert "No jobs were run in that time. This session" in capsys.readouterr().out


def test_spend_tells_where_a_cost_is_not_known(shell: Shell, capsys: Said) -> None:
    shell.run("%segmind_workflow poster-with-caption")
    capsys.readouterr()
    shell.run("%segmind_spend")
    assert "$0.00 and 1 unknown" in capsys.readouterr().out


def test_spend_is_a_dataframe_where_pandas_is(shell: Shell) -> None:
    shell.run(f"{RUN} prompt=x")
    frame = shell.run("%segmind_spend").to_dataframe()
    assert isinstance(frame, pandas.DataFrame)
    assert (frame["key"][0], frame["usd"].sum(), len(frame)) == ("fast-flux-schnell", 0.0055, 1)
    jobs = shell.run("%segmind_jobs").to_dataframe()
    assert list(jobs["cost"]) == ["$0.0055"]
    assert shell.run("%segmind_spend --since 0").to_dataframe().empty


def test_without_pandas_a_sentence_says_so(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(errors.SegmindError, match="needs pandas") as raised:
        shell.run("%segmind_spend").to_dataframe()
    assert raised.value.hint == "pip install pandas"


def test_a_saved_output_has_the_date_and_no_age(shell: Shell, sandbox: Sandbox) -> None:
    job = shell.run(f"{RUN} prompt=x")
    html = shell.run("%segmind_jobs")._repr_mimebundle_()["text/html"]
    assert date_and_time(job.created) in html
    assert " ago" not in html
    assert "just now" not in html


UNPRICED = "%segmind_run gemini-3-pro-image-preview -p apimart prompt=x --max-cost 5"


@pytest.mark.parametrize("answer", ["n", "", "y"])
def test_an_unknown_cost_is_asked_for_once(
    answer: str, shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("builtins.input", lambda text: asked.append(text) or answer)
    if answer == "y":
        assert shell.run(UNPRICED).status == "completed"
        assert len(sandbox.billed_posts) == 1
    else:
        with pytest.raises(errors.LimitError, match="is unknown, and your limit is"):
            shell.run(UNPRICED)
        assert sandbox.requests("POST") == []
    (question,) = asked
    assert question.endswith("is unknown, and your limit is $5.00. Send it anyway? [y/N] ")


def test_yes_answers_for_an_unknown_cost_but_not_for_a_known_one(
    shell: Shell, sandbox: Sandbox
) -> None:
    with pytest.raises(errors.LimitError) as raised:  # nobody is there to ask
        shell.run(UNPRICED)
    assert "add --yes in a cell, or leave out max_cost in Python" in raised.value.hint
    assert sandbox.requests("POST") == []
    assert shell.run(f"{UNPRICED} --yes").status == "completed"
    with pytest.raises(errors.LimitError, match="more than your limit"):
        shell.run("%segmind_run flux-dev prompt=x --max-cost 0.001 --yes")
    assert len(sandbox.billed_posts) == 1
