"""Every magic with every option, in IPython without a kernel, against the sandbox."""

from __future__ import annotations

import getpass
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import StdinNotImplementedError
from IPython.core.oinspect import getdoc

from segmind_widgets import errors
from segmind_widgets.assets.asset import Asset
from segmind_widgets.jobs.job import Job
from segmind_widgets.notebook.arguments import PARSERS
from segmind_widgets.sandbox import Sandbox
from segmind_widgets.secret import Secret
from segmind_widgets.types import Status
from tests.shells import Shell, has_recipe, open_shell, picture

RUN = "%segmind_run fast-flux-schnell --api v1"


@pytest.fixture
def shell(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    with open_shell(tmp_path, sandbox) as opened:
        yield opened


@pytest.fixture
def keyless(tmp_path: Path) -> Iterator[Shell]:
    with open_shell(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("%segmind_upload foto.jpg", "photo.jpg?"),
        ("%segmind_upload ./foto.jpg", "photo.jpg?"),
        ("%segmind_run bg-removal-v2 image=file:foto.jpg", "`photo.jpg`?"),
        ("%segmind_run fast-flux-schnell --rows row.csv", "`rows.csv`?"),
        ("%segmind_run --from foto.jpg", "photo.jpg?"),
        ("%segmind_panel til.py", "tile.py?"),
    ],
)
def test_a_misspelt_file_is_answered_with_the_one_that_is_there(
    shell: Shell, sandbox: Sandbox, line: str, name: str
) -> None:
    for file in ("photo.jpg", "rows.csv", "tile.py"):
        Path(file).touch()
    with pytest.raises(errors.SegmindError, match=f"Did you mean {re.escape(name)}"):
        shell.run(line)
    assert not sandbox.requests("POST")


# what a line says


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_help_names_every_option(shell: Shell, name: str) -> None:
    text = getdoc(shell.ip.find_magic(name))  # as `?` reads it
    words = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", text))
    assert set(PARSERS[name]().options) == words


def test_question_mark_shows_the_help(shell: Shell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.run("%segmind_upload?")
    assert "%segmind_upload cat.jpg -o cat" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%segmind_run fast-flux-schnell --sed 3 prompt=x", "Did you mean --seed?"),
        ("%segmind_run --dryrun fast-flux-schnell prompt=x", "Did you mean --dry-run?"),
        ("%segmind_run", "Which model?"),
        ("%segmind_workflow", "Which workflow?"),
        ("%segmind_run fast-flux-schnell a fox", "`a fox` is not an input"),
        ("%segmind_run fast-flux-schnell --seed many prompt=x", "--seed"),
        ("%segmind_run fast-flux-schnell --timeout -1 prompt=x", "--timeout"),
        ("%segmind_run fast-flux-schnell --api v3 prompt=x", "invalid choice: 'v3'"),
        ("%segmind_run fast-flux-schnell -o 1x prompt=x", "'1x' cannot be a variable's name"),
        ("%segmind_run fast-flux-schnell -o class prompt=x", "'class' cannot be"),
        ("%segmind_run fast-flux-schnell --seed 3 seed=4 prompt=x", "The seed is given twice"),
        ("%segmind_run fast-flux-schnell prompt=x prompt=y", "`prompt` occurs twice"),
        ("%%segmind_run fast-flux-schnell prompt=x\nprompt: y", "on the line and in the cell"),
        ("%segmind_run fast-flux-schnell prompt=$nothing", "nothing"),
        ("%segmind_workflow product-photo --api v1", "has no option --api"),
        ("%segmind_status please", "takes no 'please'"),
        ("%segmind_upload", "There is nothing to upload"),
        ("%segmind_upload missing.png", "There is no file"),
        ("%segmind_upload *.nothing", "No file matches *.nothing"),
        ("%segmind_upload a.png -o a-b", "'a-b' cannot be"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_and_sends_nothing(
    shell: Shell, sandbox: Sandbox, line: str, words: str
) -> None:
    with pytest.raises(errors.InputError) as raised:
        shell.run(line)
    assert words in str(raised.value)
    assert not sandbox.requests("POST")


def test_a_misspelt_parameter_is_named_with_the_likely_one(shell: Shell, sandbox: Sandbox) -> None:
    shell.client.check_inputs = "strict"
    with pytest.raises(errors.InputError) as raised:
        shell.run(f"{RUN} promt=fox")
    assert "`prompt` is required" in str(raised.value)
    assert "did you mean `prompt`" in raised.value.hint
    assert not sandbox.requests("POST")


# login


def test_login_keeps_a_key_that_works_and_forgets_it(
    keyless: Shell,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = sandbox.environ["SEGMIND_API_KEY"]
    monkeypatch.setenv("SEGMIND_API_URL", sandbox.url("segmind"))
    monkeypatch.setattr(getpass, "getpass", lambda _: f" {key} ")
    keyless.run("%segmind_login")
    said = capsys.readouterr().out
    assert "stored in this kernel's memory" in said
    assert "It works: 10.00 USD" in said
    assert key not in said
    assert keyless.client.session.keys.key("segmind") == Secret(key)
    keyless.run("%segmind_login --forget")
    assert "was deleted" in capsys.readouterr().out
    assert keyless.client.session.keys.key("segmind") is None


def test_login_refuses_a_wrong_key_in_one_line(
    keyless: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMIND_API_URL", sandbox.url("segmind"))
    monkeypatch.setattr(getpass, "getpass", lambda _: "SG_0000000000000000")
    with pytest.raises(errors.Unauthorized) as raised:
        keyless.run("%segmind_login")
    assert "API key is invalid" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "not kept. Cells have no key for Segmind now" in raised.value.hint
    assert keyless.client.session.keys.key("segmind") is None


@pytest.mark.parametrize(
    "line",
    [
        "sk-abcdefghijklmnopqrstuvwxyz",
        "apimart SG_0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "segmind a1b2c3",
    ],
)
def test_a_key_on_the_line_is_refused_and_not_repeated(
    keyless: Shell, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    key = line.split()[-1]
    with pytest.raises(errors.CellError) as raised:
        keyless.run(f"%segmind_login {line}")
    assert "history" in str(raised.value)
    shown = "".join([str(raised.value), raised.value.hint, *capsys.readouterr()])
    assert key not in shown


def test_login_names_the_providers(keyless: Shell) -> None:
    with pytest.raises(errors.CellError, match="no provider 'apimrt'"):
        keyless.run("%segmind_login apimrt")


@pytest.mark.parametrize("trouble", [StdinNotImplementedError, EOFError])
def test_login_where_nobody_can_type(
    keyless: Shell, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    def ask(_: str) -> str:
        raise trouble

    monkeypatch.setattr(getpass, "getpass", ask)
    with pytest.raises(errors.KeyMissing) as raised:
        keyless.run("%segmind_login apimart")
    assert "APIMART_API_KEY in the environment" in raised.value.hint


# status


def test_status_shows_key_source_and_credits(shell: Shell, sandbox: Sandbox) -> None:
    rows = dict(shell.run("%segmind_status"))
    key = sandbox.environ["SEGMIND_API_KEY"]
    assert rows["provider"] == "Segmind"
    assert rows["address"] == sandbox.url("segmind")
    assert rows["key"] == f"…{key[-3:]} from the environment (SEGMIND_API_KEY)"
    assert rows["credits"] == "10.00 USD"
    assert dict(shell.run("%segmind_status -p apimart"))["provider"] == "APIMart"


def test_status_tells_the_limit_that_is_kept(
    shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limit() -> str:
        return dict(shell.run("%segmind_status"))["rate limit"]

    assert limit() == "none", "a service on this machine"
    shell.run("%config SegmindClient.rate_limit = 30")
    assert limit() == "30 requests a minute"
    shell.run("%config SegmindClient.rate_limit = 90")
    assert limit() == "90 requests a minute, now 50"
    shell.client.rate_limit = None
    for name in ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL"):
        monkeypatch.setenv(name, sandbox.environ[name].replace("127.0.0.1", "127.0.0.2"))
    assert limit() == "120 requests a minute, now 50", "what is taken where none is set"


@pytest.mark.parametrize("where", ["sandbox", "sandbox/apimart"])
def test_the_limit_that_is_set_holds_on_the_built_in_sandbox(keyless: Shell, where: str) -> None:
    """A limit of one request in ten hours refuses the second one, at once."""

    def status() -> dict[str, str]:
        return dict(keyless.run(f"%segmind_status -p {where}"))

    rows = [status() for _ in range(3)]
    assert {row["rate limit"] for row in rows} == {"none"}
    assert [row["credits"].endswith("USD") for row in rows] == [True] * 3
    keyless.run("%config SegmindClient.rate_limit = 0.00167")
    first, second = status(), status()
    assert {first["rate limit"], second["rate limit"]} == {"0.00167 requests a minute"}
    assert first["credits"].endswith("USD")
    assert "The rate limit allows the next request in" in second["credits"]


def test_status_without_a_key_is_the_sandbox(keyless: Shell) -> None:
    rows = dict(keyless.run("%segmind_status"))
    assert list(rows)[:3] == ["provider", "key", "credits"], "what matters comes first"
    assert rows["provider"] == "Segmind, on the sandbox"
    assert rows["key"] == "none needed"


def test_a_wrong_key_is_one_line_with_a_hint(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_wrong0000000000")
    for line in ("%segmind_status", f"{RUN} prompt=fox", "%segmind_run seedream-4.5 prompt=x"):
        with pytest.raises(errors.Unauthorized) as raised:
            shell.run(line)
        assert raised.value.status == 401
        said = raised.value._render_traceback_()
        assert len(said) == 2
        assert ("%env SEGMIND_API_KEY=" if "status" in line else "%segmind_login") in said[1]
        assert "SG_wrong" not in "".join([*said, *capsys.readouterr()])


@pytest.mark.parametrize("line", ["--help", "-h", "flux-dev -h prompt=x"])
@pytest.mark.parametrize(
    "magic", ["segmind_run", "segmind_upload", "segmind_jobs", "segmind_login"]
)
def test_help_is_an_option_of_every_magic(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str], magic: str, line: str
) -> None:
    assert shell.run(f"%{magic} {line}") is None
    said = capsys.readouterr().out
    assert f"%{magic}" in said
    assert "--" in said
    assert sandbox.requests("POST") == []


def test_help_in_quotes_is_a_text(shell: Shell) -> None:
    assert shell.run(f"{RUN} prompt='--help -h'").inputs["prompt"] == "--help -h"


def test_a_file_with_spaces_in_its_name_needs_quotes(
    shell: Shell, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("IMG 0012.JPG").write_bytes(picture())
    for line in ("IMG 0012.JPG", "-o x IMG 0012.JPG", "*.png IMG 0012.JPG"):
        with pytest.raises(errors.AssetError, match=r"file `IMG 0012\.JPG`") as raised:
            shell.run(f"%segmind_upload {line}")
        assert '"IMG 0012.JPG"' in raised.value.hint
    assert sandbox.requests("POST") == []
    assert shell.run('%segmind_upload "IMG 0012.JPG"').url


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("%%segmind_rnu flux-dev\na fox", "Did you mean %%segmind_run?"),
        ("%segmind_uplod a.png", "Did you mean %segmind_upload?"),
        ("%%segmind_zzzzzz\n", "There is no magic %%segmind_zzzzzz."),
    ],
)
def test_a_misspelt_magic_is_named_with_the_likely_one(shell: Shell, cell: str, words: str) -> None:
    with pytest.raises(errors.CellError) as raised:
        shell.run(cell)
    assert words in str(raised.value)
    assert len(raised.value._render_traceback_()) == 2
    assert shell.ip.check_complete("%%segmind_rnu x\n")[0] != "invalid"
    assert shell.run("'%segmind_rnu'") == "%segmind_rnu"


# upload


def test_upload_of_a_file_a_pattern_a_variable_and_a_url(
    shell: Shell, sandbox: Sandbox, tmp_path: Path
) -> None:
    for name, color in (("a", "red"), ("b", "blue")):
        (tmp_path / f"{name}.png").write_bytes(picture(color=color))
    first = shell.run("%segmind_upload a.png")
    assert isinstance(first, Asset)
    assert first.url.startswith(sandbox.url("files"))
    both = shell.run("%segmind_upload *.png -o both")
    assert [asset.path.name for asset in both] == ["a.png", "b.png"]
    assert isinstance(shell.names["both"], list)
    assert shell.names["both"][0].url == first.url
    assert len(sandbox.requests("POST", "/upload-asset")) == 2, "a.png was known"
    shell.names["data"] = picture(color="green")
    assert shell.run("%segmind_upload $data").media_type == "image/png"
    shell.names["pair"] = [tmp_path / "a.png"]
    assert len(shell.run("%segmind_upload $pair")) == 1
    again = shell.run("%segmind_upload $both https://example.org/c.png")
    assert [asset.url for asset in again][2] == "https://example.org/c.png"
    assert len(shell.run(f"%segmind_upload {tmp_path}")) == 2  # a folder
    shell.run("%segmind_upload --force a.png")
    assert len(sandbox.requests("POST", "/upload-asset")) == 4


def test_upload_quietly_and_to_the_other_provider(
    shell: Shell, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my cat.png").write_bytes(picture())
    assert shell.run('%segmind_upload -q -p apimart "my cat.png" -o cat') is None
    assert capsys.readouterr().out == ""
    assert shell.names["cat"].expires_at
    assert [record.service for record in sandbox.requests("POST")] == ["apimart"]


def test_uploads_show_as_a_table(
    shell: Shell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.png").write_bytes(picture())
    value = shell.run("%segmind_upload a.png a.png")
    assert value[0].url in capsys.readouterr().out
    assert "<img " in value._repr_mimebundle_()["text/html"]


# run


def test_run_gives_the_job(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    job = shell.run(f"{RUN} -o fox prompt='a red fox' --seed 7")
    assert isinstance(job, Job)
    assert job.status is Status.COMPLETED
    assert shell.names["fox"] is shell.names["_"] is job
    assert (job.seed, job.cost, job.image.size) == (7, 0.0055, (1600, 1200))
    (posted,) = sandbox.billed_posts
    assert (posted.path, posted.json) == (
        "/v1/fast-flux-schnell",
        {"prompt": "a red fox", "seed": 7},
    )
    said = capsys.readouterr().out
    assert "completed" in said
    assert str(job.outputs[0].path) in said


def test_run_as_a_cell_as_an_assignment_and_through_v2(shell: Shell, sandbox: Sandbox) -> None:
    shell.names["words"] = "a green fox"
    shell.run("%%segmind_run fast-flux-schnell -o fox\nprompt: $words\naspect_ratio: 16:9")
    (posted,) = sandbox.billed_posts
    assert posted.path == "/v2/fast-flux-schnell"
    assert posted.json == {"prompt": "a green fox", "aspect_ratio": "16:9", "seed": -1}
    assert shell.run(f"job = {RUN} prompt=fox") is None
    assert shell.names["job"].status is Status.COMPLETED
    shell.run("%%segmind_run fast-flux-schnell --api v1\nA fox: it runs, {fast} for $5.")
    assert sandbox.billed_posts[-1].json["prompt"] == "A fox: it runs, {fast} for $5."


def test_a_jobs_picture_is_another_runs_input(shell: Shell, sandbox: Sandbox) -> None:
    shell.run(f"{RUN} -o fox prompt=fox")
    job = shell.run("%segmind_run bg-removal-v2 --api v1 image=$fox")
    assert job.inputs["image"].startswith(("http://", "https://"))
    assert sandbox.billed_posts[-1].json["image"] == job.inputs["image"]


def test_the_variable_holds_a_job_that_failed(shell: Shell, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v2/.*", "job_failed", words="It is too dark in here.")
    with pytest.raises(errors.JobFailed, match="too dark") as raised:
        shell.run("%segmind_run fast-flux-schnell -o fox prompt=fox")
    assert shell.names["fox"].status is Status.FAILED
    assert shell.names["fox"].error is raised.value
    assert len(raised.value._render_traceback_()) == 2


def test_an_unknown_model_is_sent_with_a_note(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(errors.NotFound) as raised:
        shell.run("%segmind_run flux-9-schnell -o x prompt=fox")
    assert raised.value.status == 404
    said = capsys.readouterr().out
    assert "flux-9-schnell is not in the model list of Segmind. Did you mean" in said
    assert shell.names["x"].status is Status.FAILED


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("%segmind_run fast-flux-shnell prompt=fox", "fast-flux-schnell"),
        (f"{RUN} promt=fox", "`prompt`"),
        (f"{RUN} prompt=fox sede=1", "`seed`"),
    ],
)
def test_a_misspelt_name_is_not_sent(shell: Shell, sandbox: Sandbox, line: str, meant: str) -> None:
    with pytest.raises(errors.InputError, match=f"id you mean {meant}"):
        shell.run(line)
    assert not sandbox.requests("POST")


def test_an_unknown_parameter_is_sent_with_a_note(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run(f"{RUN} prompt=fox sparkle=3")
    assert "`sparkle` is not a known parameter" in capsys.readouterr().out
    assert sandbox.billed_posts[0].json["sparkle"] == 3


@pytest.mark.parametrize("magic", ["%segmind_run seedream-4.5", "%segmind_workflow product-photo"])
def test_dry_run_sends_nothing(
    shell: Shell, sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str], magic: str
) -> None:
    (tmp_path / "cat.png").write_bytes(picture())
    name = "image_input" if "run" in magic else "background"
    shell.run(f"{magic} --dry-run --save here -o no prompt='a cat' {name}=file:cat.png")
    said = capsys.readouterr().out
    assert f"POST {sandbox.url('segmind')}/" in said
    assert "nothing was sent" in said
    assert "to upload: cat.png" in said
    assert not sandbox.requests("POST")
    assert "no" not in shell.names
    assert not (tmp_path / "here").exists()


def test_max_cost_refuses_before_anything_is_sent(
    shell: Shell, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "cat.png").write_bytes(picture())
    with pytest.raises(
        errors.LimitError, match=r"typically costs \$0.04 .*more than your limit of \$0.01"
    ):
        shell.run("%segmind_run seedream-4.5 --max-cost 0.01 prompt=x image_input=file:cat.png")
    assert not sandbox.requests("POST")
    shell.run(f"{RUN} prompt=x --max-cost 0.01")
    assert len(sandbox.billed_posts) == 1


def test_save_copies_the_results(shell: Shell, tmp_path: Path) -> None:
    job = shell.run(f"{RUN} prompt=x --save deep/folder")
    (copy,) = (tmp_path / "deep" / "folder").iterdir()
    assert copy.read_bytes() == job.outputs[0].content


@pytest.mark.parametrize("recipes", [True, False])
def test_saved_copies_follow_the_setting_of_recipes(
    shell: Shell, tmp_path: Path, recipes: bool
) -> None:
    run = f"{RUN} prompt=x --seed 7 --reuse"
    shell.run(run)
    shell.run(f"%config SegmindClient.recipes = {recipes}")
    job = shell.run(f"{run} --save copies")
    (copy,) = (tmp_path / "copies").iterdir()
    assert has_recipe(copy) is recipes
    assert has_recipe(job.outputs[0]), "the result itself keeps it"


def test_a_folder_that_cannot_be_is_found_before_anything_is_sent(
    shell: Shell, sandbox: Sandbox, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(errors.AssetError, match="folder file/in cannot be created"):
        shell.run(f"{RUN} prompt=x --save file/in")
    assert not sandbox.requests("POST")


def test_timeout_ends_the_waiting_and_not_the_job(shell: Shell, sandbox: Sandbox) -> None:
    sandbox.faults.add("GET /v2/.*", "silence", seconds=1)
    with pytest.raises(errors.StillRunning) as raised:
        shell.run("%segmind_run fast-flux-schnell --timeout 0.3 -o fox prompt=x")
    job = shell.names["fox"]
    assert job.id in str(raised.value)
    assert f"--resume {job.id}" in raised.value.hint
    assert job.wait(20).status is Status.COMPLETED
    assert len(sandbox.billed_posts) == 1


def test_background_returns_at_once(shell: Shell, sandbox: Sandbox) -> None:
    sandbox.faults.add("POST /v1/.*", "silence", seconds=0.5)
    job = shell.run(f"{RUN} -b prompt=x -o fox")
    assert not job.done
    assert job.wait(20).status is Status.COMPLETED


def test_quiet_shows_nothing_but_errors(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    job = shell.run(f"{RUN} -q prompt=x sparkle=1")
    assert job.status is Status.COMPLETED
    assert re.sub(r"Out\[\d+\]: ", "", capsys.readouterr().out).strip() == ""
    sandbox.faults.add("POST /v1/.*", 500)
    with pytest.raises(errors.ServerError):
        shell.run(f"{RUN} -q prompt=x")


def test_stopping_says_that_the_job_goes_on(
    shell: Shell, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Job, "wait", interrupted)
        for quiet in ("", "-q"):
            with pytest.raises(errors.StillRunning, match="You stopped waiting"):
                shell.run(f"%segmind_run fast-flux-schnell {quiet} --again -o fox prompt=x")
    assert shell.names["fox"].wait(20).status is Status.COMPLETED


def test_apimart_by_option(shell: Shell, sandbox: Sandbox) -> None:
    job = shell.run("%segmind_run -p apimart gemini-3-pro-image-preview prompt=fox")
    assert job.provider == "apimart"
    assert sandbox.billed_posts[0].service == "apimart"


def test_an_unknown_provider(shell: Shell) -> None:
    with pytest.raises(errors.InputError, match="no provider 'nobody'"):
        shell.run(f"{RUN} -p nobody prompt=fox")


def test_without_a_key_everything_runs_on_a_sandbox(
    keyless: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    keyless.run("%config SegmindClient.sandbox_speed = 500.0")
    job = keyless.run("%segmind_run llama-v3p1-8b-instruct --api v1 prompt=hello")
    assert job.sandbox
    assert "sandbox" in job.text
    assert "sandbox" in capsys.readouterr().out


def test_a_named_provider_without_a_key_is_refused(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("APIMART_API_KEY")
    with pytest.raises(errors.KeyMissing) as raised:
        shell.run(f"{RUN} -p apimart prompt=fox")
    assert "%segmind_login apimart" in raised.value.hint


# workflow


def test_workflow_by_slug_id_and_address(shell: Shell, sandbox: Sandbox) -> None:
    known = "65c9c7f641c340d7ef2f7134-v1"
    addresses = ("product-photo", known, f"{sandbox.url('segmind')}/workflows/{known}")
    for target in addresses:
        job = shell.run(f"%%segmind_workflow {target} --seed 5\nproduct_prompt: a shoe")
        assert job.status is Status.COMPLETED
        assert [asset.name for asset in job.outputs] == ["Product photo"]
    assert [record.json for record in sandbox.billed_posts] == 3 * [
        {"product_prompt": "a shoe", "seed": 5}
    ]


def test_workflow_with_several_outputs_and_defaults(shell: Shell) -> None:
    job = shell.run("%segmind_workflow poster-with-caption -o poster")
    assert [asset.kind for asset in job.outputs] == ["image", "image", "text"]
    assert "lighthouse" in shell.names["poster"].text


# lists


def test_models_are_found_by_words_and_modality(shell: Shell) -> None:
    found = shell.run("%segmind_models flux")
    assert "fast-flux-schnell" in [model.slug for model in found]
    videos = shell.run("%segmind_models --modality video")
    assert "kling-2.1" in [model.slug for model in videos]
    assert "fast-flux-schnell" not in [model.slug for model in videos]
    with pytest.raises(
        errors.CellError, match="No model of Segmind fits 'flux' and --modality sound"
    ) as bad:
        shell.run("%segmind_models flux --modality sound")
    assert "Remove --modality" in bad.value.hint
    with pytest.raises(errors.CellError, match="No model of Segmind fits 'zzzz'"):
        shell.run("%segmind_models zzzz")


def test_a_models_own_name_shows_its_inputs(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run("%segmind_models bg-removal-v2")
    said = capsys.readouterr().out
    assert "image *" in said
    assert "$0.0009" in said
    found = shell.run("%segmind_models -p apimart gemini-3-pro-image-preview")
    assert "prompt" in [row[0] for row in found]


def test_jobs_lists_shows_and_stops(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run("%segmind_jobs")
    assert "No jobs yet." in capsys.readouterr().out
    first = shell.run(f"{RUN} prompt=one")
    second = shell.run(f"{RUN} prompt=two")
    assert list(shell.run("%segmind_jobs")) == [second, first]
    assert list(shell.run("%segmind_jobs --last 1")) == [second]
    assert shell.run(f"%segmind_jobs {first.id[:13]}") is first
    assert list(shell.run(f"%segmind_jobs {first.id} {second.id}")) == [first, second]
    with pytest.raises(errors.NotFound, match="No job here has the id 'nothing'"):
        shell.run("%segmind_jobs nothing")
    sandbox.faults.add("POST /v1/.*", "silence")
    running = shell.run(f"{RUN} -b prompt=three")
    sandbox.wait_for(lambda log: "three" in str(log.requests("POST", "/v1/")[-1]))
    assert list(shell.run("%segmind_jobs --stop")) == [running]
    assert running.done
    assert isinstance(running.error, errors.StillRunning)


def test_jobs_resume_goes_on(
    shell: Shell, sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.run("%segmind_jobs --resume")
    assert "There are no unfinished jobs." in capsys.readouterr().out
    assert shell.run("%segmind_jobs --stop") is None
    assert "No job is watched here." in capsys.readouterr().out
    sandbox.faults.add("GET /v2/.*", "silence", times=None)
    job = shell.run("%segmind_run fast-flux-schnell -b prompt=x")
    sandbox.wait_for(lambda log: log.requests("GET", "/v2/"))
    shell.run("%segmind_jobs --stop")
    sandbox.faults.clear()
    resumed = shell.run("%segmind_jobs --resume")
    assert resumed.id == job.id
    assert resumed.status is Status.COMPLETED
    assert len(sandbox.billed_posts) == 1
    assert shell.run(f"%segmind_jobs --resume {job.id}").outputs


def test_jobs_puts_what_it_shows_or_resumes_into_a_variable(shell: Shell, sandbox: Sandbox) -> None:
    first, second = (shell.run(f"{RUN} prompt={word}") for word in ("one", "two"))
    shell.run(f"%segmind_jobs {first.id} -o one")
    assert shell.names["one"] is first
    shell.run(f"%segmind_jobs {first.id} {second.id} -o both")
    assert shell.names["both"] == [first, second]
    shell.run(f"%segmind_jobs --resume {second.id} -o two")
    assert shell.names["two"].id == second.id
    sandbox.faults.add("GET /v2/.*", 200, body={"status": "FAILED", "error": "too dark"})
    failing = shell.run("%segmind_run fast-flux-schnell -b prompt=x")
    with pytest.raises(errors.JobFailed, match="too dark"):
        shell.run(f"%segmind_jobs --resume {failing.id} -o failed")
    assert shell.names["failed"].id == failing.id


@pytest.mark.parametrize("line", ["-o x", "--clean --older 3 -o x", "--stop -o x", "--last 3 -o x"])
def test_jobs_needs_an_id_for_a_variable(shell: Shell, line: str) -> None:
    with pytest.raises(errors.CellError, match="-o needs the ID of a job"):
        shell.run(f"%segmind_jobs {line}")


def test_a_resumed_job_shows_the_seconds_since_its_start_and_its_usual_ones(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_shell(tmp_path, sandbox) as shell:
        sandbox.faults.add("GET /v2/.*", "silence", times=None)
        shell.client.catalog()  # the usual times
        left = shell.run("%segmind_run fast-flux-schnell -b prompt=x")
        sandbox.wait_for(lambda log: log.requests("GET", "/v2/"))
        left.stop()
    with closing(sqlite3.connect(tmp_path / "widgets" / "journal.sqlite")) as journal, journal:
        earlier = (datetime.now(timezone.utc) - timedelta(seconds=100)).isoformat()
        journal.execute("UPDATE jobs SET created = ?, sent = ?", (earlier, earlier))
    sandbox.faults.clear()
    sandbox.faults.add("GET /v2/.*", 200, body={"status": "PROCESSING", "request_id": left.id})
    with open_shell(tmp_path, sandbox) as shell:
        capsys.readouterr()
        job = shell.run(f"%segmind_jobs --resume {left.id}")
        shown = re.findall(r"([\d.]+) s of about ([\d.]+) s", capsys.readouterr().out)
        assert shown
        assert all(100 <= float(seconds) < 160 for seconds, _ in shown)
        assert job.expected_seconds == pytest.approx(left.expected_seconds)
        assert job.status is Status.COMPLETED
        assert 100 <= job.elapsed < 160, "its end was seen"


def test_a_job_that_only_the_service_knows_is_resumed_by_its_id(
    shell: Shell, sandbox: Sandbox
) -> None:
    import requests

    key = {"x-api-key": sandbox.environ["SEGMIND_API_KEY"]}
    address = f"{sandbox.url('segmind')}/v2/fast-flux-schnell"
    known = requests.post(address, json={"prompt": "x"}, headers=key, timeout=10).json()
    job = shell.run(f"%segmind_jobs --resume {known['request_id']}")
    assert job.status is Status.COMPLETED
    assert job.image.size == (1600, 1200)
    unknown = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(errors.NotFound) as raised:
        shell.run(f"%segmind_jobs --resume {unknown}")
    assert raised.value.hint == "Neither this journal nor Segmind has a job with this id."
    assert unknown not in [job.id for job in shell.client.jobs()]


def test_a_wrong_keys_status_says_where_it_came_from(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMIND_API_KEY", "SG_wrong0000000000")
    with pytest.raises(errors.Unauthorized) as raised:
        shell.run("%segmind_status")
    assert "…000 comes from the environment (SEGMIND_API_KEY)" in raised.value.hint
    assert "%env SEGMIND_API_KEY= clears the variable" in raised.value.hint
    assert "%segmind_login" not in raised.value.hint, "a login does not replace a variable"


def test_status_and_login_link_to_the_pages_of_the_provider(
    shell: Shell, capsys: pytest.CaptureFixture[str]
) -> None:
    table = shell.run("%segmind_status")
    page = "https://cloud.segmind.com/console/api-keys"
    assert page in repr(table)
    assert "two hours" in repr(table)
    assert f'<a href="{page}" target="_blank" rel="noopener noreferrer">' in table._html()
    for topic in ("pricing", "rate limits", "dedicated endpoints"):
        assert topic in repr(table)


def test_a_models_table_names_its_page_and_that_it_is_premium(shell: Shell) -> None:
    table = shell.run("%segmind_models gpt-4o")
    assert "https://www.segmind.com/models/gpt-4o/api" in repr(table)
    assert "Premium model" in repr(table)
    assert "gpt-4o" in repr(shell.run("%segmind_models gpt"))
    assert "(premium)" in repr(shell.run("%segmind_models gpt"))


def test_uploads_say_their_limits(shell: Shell) -> None:
    doc = shell.ip.find_line_magic("segmind_upload").__doc__
    for words in ("20 MB", "72 hours", "JPEG, PNG, WebP and GIF", "other files"):
        assert words in " ".join(doc.split())


@pytest.mark.parametrize("name", ["https://www.segmind.com/models/flux-dev/api", "FLUX-Dev"])
def test_a_models_page_is_a_name_of_the_model(shell: Shell, name: str) -> None:
    assert "guidance" in repr(shell.run(f"%segmind_models {name}"))
