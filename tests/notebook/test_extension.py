from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from segmind_widgets.client import SegmindClient
from segmind_widgets.errors import StillRunning
from segmind_widgets.notebook.arguments import PARSERS
from segmind_widgets.sandbox import Sandbox
from tests.shells import environment, open_shell, quick, set_environment


def ours(shell: InteractiveShell) -> set[str]:
    magics = shell.magics_manager.magics
    return {name for kind in magics.values() for name in kind if name.startswith("segmind_")}


def test_load_and_unload_leave_nothing(tmp_path: Path) -> None:
    with set_environment(environment(tmp_path)):
        config = Config()
        config.HistoryManager.enabled = False
        shell = InteractiveShell.instance(config=config)
        assert shell.Completer is not None
        matchers = list(shell.Completer.custom_matchers)
        callbacks = list(shell.events.callbacks["pre_run_cell"])
        transforms = list(shell.input_transformers_cleanup)
        for _ in range(2):
            shell.run_line_magic("load_ext", "segmind_widgets")
            assert ours(shell) == set(PARSERS)
            assert len(shell.Completer.custom_matchers) == len(matchers) + 1
            shell.run_cell("%segmind_models flux")
            shell.run_cell("%segmind_jobs --resume")
            shell.run_line_magic("unload_ext", "segmind_widgets")
            assert ours(shell) == set()
            assert shell.Completer.custom_matchers == matchers
            assert shell.input_transformers_cleanup == transforms
            assert not [c for c in shell.configurables if type(c).__name__.startswith("Segmind")]
            assert shell.events.callbacks["pre_run_cell"] == callbacks
            assert not SegmindClient.initialized()
        InteractiveShell.clear_instance()


def test_below_ipython_8_6_everything_but_completion_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("IPython.core.completer.context_matcher")
    with open_shell(tmp_path) as shell:
        assert shell.ip.Completer is not None
        assert not [m for m in shell.ip.Completer.custom_matchers if hasattr(m, "segmind_widgets")]
        shell.ip.Completer.custom_matchers = None  # it is not there in IPython 7
        assert ours(shell.ip) == set(PARSERS)
        shell.run("%segmind_models flux")
        shell.run("%unload_ext segmind_widgets")
        assert ours(shell.ip) == set()


def test_unload_ends_the_watching_and_not_the_job(tmp_path: Path) -> None:
    with Sandbox(speed=1, artist=quick) as sandbox, open_shell(tmp_path, sandbox) as shell:
        job = shell.run("%segmind_run flux-dev -b prompt=x")
        sandbox.wait_for(lambda log: log.billed_posts)
        shell.run("%reload_ext segmind_widgets")
        assert isinstance(job.error, StillRunning)
        assert shell.client is SegmindClient.instance()


def test_config_sets_the_client(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_shell(tmp_path) as shell:
        shell.run("%config SegmindClient.rate_limit = 30")
        assert shell.client.rate_limit == 30
        capsys.readouterr()
        shell.run("%config SegmindClient")
        said = capsys.readouterr().out
    assert "SegmindClient.economical" in said
    assert "key" not in "".join(name for name in SegmindClient.class_trait_names(config=True))


def test_a_job_is_shown_again_by_a_cell_of_its_own_after_a_reload(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Sandbox(speed=500, artist=quick) as sandbox, open_shell(tmp_path, sandbox) as shell:
        shell.run("%segmind_run fast-flux-schnell --api v1 -o job prompt=x")
        shell.run("%reload_ext segmind_widgets")
        capsys.readouterr()
        shell.run("job")
        assert "completed" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_help_shows_every_option_of_the_parser_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with open_shell(tmp_path) as shell:
        capsys.readouterr()
        shell.run(f"%{name}?")
        text = re.sub(r"\x1b\[[\d;]*m", "", capsys.readouterr().out)
    assert "shows the options" not in text
    listed = re.findall(r"(?m)^ *(--?[a-z].*?|[A-Z]+)(?: {2,}|$)", text)
    flags = [word for row in listed for word in row.replace(",", "").split() if word[0] == "-"]
    parser = PARSERS[name]()
    assert flags == parser.options
    described = [action for action in parser._actions if action.help]
    assert len(listed) == len(described)
    assert [action for action in parser._actions if action.option_strings and not action.help] == []
    for action in described:
        help_text = action.help.replace("{providers}", "segmind, apimart")
        assert help_text in " ".join(text.split()), action
    examples = re.findall(r"(?<!-)--?[a-z][a-z-]+", text.partition("Docstring:")[2])
    assert {flag for flag in examples if flag[:2] == "--"} <= set(parser.options)


def test_loading_imports_nothing_heavy(tmp_path: Path) -> None:
    """The 10 ms of a running kernel: a benchmark measures them, this finds what would cost them."""
    code = """
import sys, json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "segmind_widgets")
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    names = set(json.loads(ran.stdout.splitlines()[-1]))
    added = {name.partition(".")[0] for name in names}
    heavy = {"PIL", "requests", "tornado", "ipywidgets", "yaml", "jsonschema", "keyring", "sqlite3"}
    assert not added & (heavy | {"fastjsonschema"})
    assert "segmind_widgets.types" not in names, "its dataclasses take half of the time"
