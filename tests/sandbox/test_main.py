"""`python -m segmind_widgets.sandbox` as a shell runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from segmind_widgets.sandbox import Sandbox
from segmind_widgets.sandbox.__main__ import parser
from segmind_widgets.sandbox.server import SandboxForms
from segmind_widgets.sandbox.services.service import CHOICES

COMMAND = [sys.executable, "-m", "segmind_widgets.sandbox"]


def start(*options: str) -> tuple[subprocess.Popen[str], dict[str, str], list[str]]:
    """The running command, the settings of its `export` lines, and its other lines."""
    environ = {**os.environ, "PYTHONWARNINGS": "error"}
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environ,
    )
    assert process.stdout
    settings: dict[str, str] = {}
    others: list[str] = []
    while len(settings) < 7 or ("--quiet" not in options and len(others) < 2):
        line = process.stdout.readline().rstrip("\n")
        assert line, process.communicate()
        found = re.fullmatch(r"export (\w+)=(\S+)", line)
        if found:
            settings[found[1]] = found[2]
        else:
            others.append(line)
    return process, settings, others


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_prints_settings_serves_and_ends_with_0(by):
    process, settings, others = start("--speed", "500", "--credits", "3")
    try:
        reply = requests.get(
            f"{settings['SEGMIND_API_URL']}/v1/get-user-credits",
            headers={"x-api-key": settings["SEGMIND_API_KEY"]},
            timeout=10,
        )
        assert reply.json()["credits"] == 3
        assert all(line.startswith("#") for line in others)
        assert "Ctrl-C" in others[-1]
    finally:
        process.send_signal(by)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")


def test_the_key_is_the_given_one_or_a_random_one_that_is_printed():
    runs = [start("--quiet", *key) for key in ((), (), ("--key", "SG_mine"))]
    try:
        keys = [
            (settings["SEGMIND_API_KEY"], settings["APIMART_API_KEY"]) for _, settings, _ in runs
        ]
        assert keys[2] == ("SG_mine", "SG_mine")
        assert len({*keys[0], *keys[1]}) == 4
        for (_, settings, _), (segmind, apimart) in zip(runs, keys, strict=True):
            calls = [
                (f"{settings['SEGMIND_API_URL']}/v1/get-user-credits", {"x-api-key": segmind}),
                (
                    f"{settings['SEGMIND_API_URL']}/inference-request/request-history",
                    {"x-api-key": segmind},
                ),
                (
                    f"{settings['APIMART_API_URL']}/v1/balance",
                    {"Authorization": f"Bearer {apimart}"},
                ),
            ]
            for url, headers in calls:
                others = [{}, *(dict.fromkeys(headers, "SG_0123"),)]
                assert requests.get(url, headers=headers, timeout=10).ok
                for wrong in others:
                    assert _refused(requests.get(url, headers=wrong, timeout=10))
    finally:
        for process, _, _ in runs:
            process.terminate()
            process.communicate(timeout=20)


def _refused(reply: requests.Response) -> bool:
    """Whether a key was refused; APIMart tells it of a balance under a code of success."""
    return reply.status_code == 401 or (reply.ok and reply.json().get("success") is False)


def test_options_reach_the_sandbox():
    process, settings, others = start(
        "--quiet",
        "--rate-limit",
        "1",
        "--fault",
        "GET /llms.txt=503",
        "--fault",
        "GET /models/.*=502,times=always",
    )
    try:
        base = settings["SEGMIND_API_URL"]
        codes = [requests.get(f"{base}/llms.txt", timeout=10).status_code for _ in range(2)]
        assert codes == [503, 200]
        assert requests.get(f"{base}/models/x/llms.txt", timeout=10).status_code == 502
        headers = {"x-api-key": settings["SEGMIND_API_KEY"]}
        codes = [
            requests.post(f"{base}/upload-asset", json={}, headers=headers, timeout=10).status_code
            for _ in range(2)
        ]
        assert codes == [400, 429]
        assert others == []
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_shell_takes_the_lines(tmp_path):
    script = f"""
        mkfifo lines
        {sys.executable} -m segmind_widgets.sandbox --port 0 > lines &
        head -n 9 lines > settings
        . ./settings
        echo $SEGMIND_API_URL $APIMART_API_KEY
        kill $!
        wait $!
        echo $?
    """
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    url, key, code = done.stdout.split()
    assert url.startswith("http://127.0.0.1:")
    assert key.startswith("sk-sandbox")
    assert code == "0"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "GET /=explode"], "is not a failure"),
        (["--port", "x"], "invalid int value"),
    ],
)
def test_bad_options_are_explained(options, words):
    done = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert words in done.stderr


def test_taken_port_and_bad_speed_end_with_1(sandbox):
    port = sandbox.url("segmind").rpartition(":")[2]
    for options, words in ((["--port", port], "three free ports"), (["--speed", "0"], "speed=0")):
        done = subprocess.run(
            [*COMMAND, *options], capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 1
        assert words in done.stderr


def test_help_tells_every_failure():
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    for word in ("reset_after", "silence", "--rate-limit", "times=2", "Ctrl-C"):
        assert word in done.stdout


def test_every_form_is_an_option():
    defaults = vars(parser().parse_args([]))
    assert {name: defaults[name] for name in CHOICES} == {n: c[0] for n, c in CHOICES.items()}
    assert set(CHOICES) == set(SandboxForms.__annotations__)
    for name, choices in CHOICES.items():
        for choice in choices:
            options = parser().parse_args([f"--{name.replace('_', '-')}", choice])
            assert getattr(options, name) == choice
            Sandbox(**{name: choice})
    with pytest.raises(TypeError):
        Sandbox(no_form="x")
