"""Generated replies, read by the real client: the service's log is the judge of what is fetched."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segmind_widgets import errors
from segmind_widgets.jobs.job import Job
from segmind_widgets.jobs.runner import JobRunner
from segmind_widgets.network.transport import Transport
from segmind_widgets.providers import Segmind
from segmind_widgets.secret import Secret
from segmind_widgets.storage.store import Store
from segmind_widgets.types import Reads, RunRequest, Status
from tests.reply_server import ReplyServer, reply_server

ALL = settings(
    max_examples=int(os.environ.get("SEGMIND_WIDGETS_EXAMPLES", "25")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
NAMES = ("SEGMIND_API_URL", "SEGMIND_STORAGE_URL", "SEGMIND_CONSOLE_URL")
LINK = "{base}/files/link.png"  # in words: never requested

# words that hold the link, as a language model may write them
sentences = st.sampled_from(
    [LINK, f"See {LINK} for it.", f"![a]({LINK})", f"{LINK}\n", f"[1] {LINK}",
     f'{{"image": "{LINK}"}}', f'["{LINK}"]', f'{{"homepage": "{LINK}", "name": "Mira"}}',
     f"data: {LINK}", f"<img src='{LINK}'>"]
)  # fmt: skip
beside = st.dictionaries(
    st.sampled_from(
        ["citations", "annotations", "search_results", "references", "sources", "grounding",
         "links", "usage", "system_fingerprint", "homepage", "web_search", "url_citations"]
    ),
    st.sampled_from([LINK, [LINK], [{"url": LINK, "title": "a"}], {"web": {"uri": LINK}}, 7, None]),
    max_size=3,
)  # fmt: skip


def openai(text: str, more: dict[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": text, **more}
    return {**more, "choices": [{"message": message, "finish_reason": "stop"}]}


def anthropic(text: str, more: dict[str, Any]) -> dict[str, Any]:
    part = {"type": "text", "text": text, **more}
    return {**more, "role": "assistant", "content": [part], "stop_reason": "end_turn"}


def gemini(text: str, more: dict[str, Any]) -> dict[str, Any]:
    grounding = {"groundingChunks": [{"web": {"uri": LINK}}], **more}
    candidate = {"content": {"parts": [{"text": text}]}, "groundingMetadata": grounding}
    return {**more, "candidates": [candidate]}


answers = st.builds(
    lambda form, text, more: form(text, more),
    st.sampled_from([openai, anthropic, gemini]),
    sentences,
    beside,
)
WRAPS = {
    "whole": lambda answer: answer,
    "output": lambda answer: {"output": answer},
    "string": lambda answer: {"output": json.dumps(answer)},
    "data": lambda answer: {"data": answer},
    "result": lambda answer: {"result": answer},
}
# data with a link under a name that is no place of results, and with something else beside it
structures = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Mira", 7, ["a", "b"], {"a": 1}]),
        "score": st.floats(0, 1),
    },
    optional={
        name: st.sampled_from([LINK, [LINK], {"href": LINK}, f"See {LINK}."])
        for name in ("link", "homepage", "citations", "wiki", "source", "references", "website")
    },
)
WRAPPERS = ["output", "result", "data"]
files = st.sampled_from(["a.png", "b.png", "c.mp4"])
addresses = st.lists(files, min_size=1, max_size=3, unique=True)


@st.composite
def places(draw: st.DrawFn) -> tuple[dict[str, Any], list[str]]:
    """A reply with addresses at places of results, and the names of its files."""
    names = draw(addresses)
    urls = [f"{{base}}/files/{name}" for name in names]
    one: Any = draw(
        st.sampled_from([urls, [{"url": url} for url in urls], {"url": urls}, {"urls": urls}])
    )
    if len(urls) == 1:
        one = draw(st.sampled_from([urls[0], {"url": urls[0]}, {"image_url": urls[0]}, urls]))
    name = draw(
        st.sampled_from(["output", "images", "result", "data", "video", "audio", "outputs"])
    )
    reply = {name: one}
    if draw(st.booleans()):
        reply = {draw(st.sampled_from(WRAPPERS)): reply}
    if draw(st.booleans()):  # again under a second name
        reply["images"] = reply.get("images", [{"url": url} for url in urls])
    return reply, names


@contextmanager
def ran(api: Any, reply: dict[str, Any], reads: Reads = "") -> Iterator[tuple[Job, ReplyServer]]:
    """Run a model whose submit is answered with this reply at once; yield the ended job."""
    body = {"json": reply if api == "v1" else {"status": "COMPLETED", "request_id": "r-1", **reply}}
    with TemporaryDirectory() as home, reply_server({f"POST /{api}/m": body}) as service:
        provider = Segmind(dict.fromkeys(NAMES, service.url))
        transport = Transport(provider, lambda: Secret("SG_0123456789abcdef"))
        store = Store(Path(home))
        facts: dict[str, Any] = {"provider": "segmind", "place": service.url, "kind": "model"}
        key = store.add(target="m", inputs={}, status="submitting", sandbox=False, **facts)
        modality = "Text Generation (LLM)" if reads == "text" else ""
        call = provider.submit(RunRequest("m", {}, api=api, modality=modality))
        job = Job(id=key, model="m")
        runner = JobRunner(job, provider, transport, store, key, call, recipes=False)
        try:
            for _ in range(20):
                if runner.step() is None:
                    break
            yield job, service
        finally:
            transport.close()
            store.close()


@pytest.mark.parametrize("api", ["v1", "v2"])
@ALL
@given(answer=answers, wrap=st.sampled_from(sorted(WRAPS)))
def test_no_address_inside_words_is_ever_requested(
    api: str, answer: dict[str, Any], wrap: str
) -> None:
    with ran(api, WRAPS[wrap](answer)) as (job, service):
        assert service.log == [f"POST /{api}/m"]
        assert job.status is Status.COMPLETED
        assert job.outputs[0].media_type == "text/plain"


@pytest.mark.parametrize("api", ["v1", "v2"])
@ALL
@given(data=structures, wrap=st.sampled_from(sorted(WRAPS)))
def test_no_address_inside_data_is_ever_requested(
    api: str, data: dict[str, Any], wrap: str
) -> None:
    with ran(api, WRAPS[wrap](data) if api == "v1" or wrap != "whole" else {"output": data}) as (
        job,
        service,
    ):
        assert service.log == [f"POST /{api}/m"]
        assert job.status is Status.COMPLETED


@pytest.mark.parametrize("api", ["v1", "v2"])
@ALL
@given(text=sentences, more=beside)
def test_what_a_text_model_says_is_never_requested(
    api: str, text: str, more: dict[str, Any]
) -> None:
    with ran(api, {"output": text, **more}, "text") as (job, service):
        assert service.log == [f"POST /{api}/m"]
        assert job.status is Status.COMPLETED


@pytest.mark.parametrize("api", ["v1", "v2"])
@ALL
@given(place=places())
def test_every_address_at_a_place_of_results_is_fetched_once(
    api: str, place: tuple[dict[str, Any], list[str]]
) -> None:
    reply, names = place
    with ran(api, reply) as (job, service):
        fetched = [line for line in service.log if line.startswith("GET")]
        assert sorted(fetched) == sorted(f"GET /files/{name}" for name in names)
        assert job.status is Status.COMPLETED
        assert len(job.outputs) == len(names)


@ALL
@given(seed=st.integers(-(2**70), 2**200), form=st.sampled_from(["number", "text", "list"]))
def test_a_seed_is_kept_exactly(seed: int, form: str) -> None:
    value: Any = {"number": seed, "text": str(seed), "list": [str(seed)]}[form]
    with ran("v2", {"output": "words", "seed": value}) as (job, _):
        assert job.seed == seed


def test_a_reply_of_nothing_is_looked_up() -> None:
    with ran("v1", {}) as (job, _):
        assert isinstance(job.error, errors.SubmitUnknown) or job.outputs
