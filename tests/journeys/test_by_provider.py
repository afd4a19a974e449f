"""Lists, estimates, the journal's queries, `--reuse` and completion are by provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

from segmind_widgets import errors
from segmind_widgets.panels.gallery import GalleryPanel
from segmind_widgets.panels.jobs import JobsPanel
from segmind_widgets.panels.run import RunPanel
from segmind_widgets.planning.estimates import MAX_OWN_RUNS
from segmind_widgets.providers import PROVIDERS
from segmind_widgets.sandbox import Sandbox
from tests.shells import Shell, execute, notebook, open_shell, quick

TWIN = "twin-model"  # both providers have it
ENTRY = {
    "name": "Twin", "modality": "Text-to-Image Generation", "cost": 0.5,
    "schema": {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "seed": {"type": "integer"}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def twins() -> Iterator[Sandbox]:
    models = {provider: {TWIN: ENTRY} for provider in PROVIDERS}
    with Sandbox(speed=500, artist=quick, models=models) as running:
        yield running


@pytest.fixture(params=["with keys", "keyless"])
def shell(request: pytest.FixtureRequest, twins: Sandbox, tmp_path: Path) -> Iterator[Shell]:
    """A shell with both keys, or one that uses its own sandbox."""
    with open_shell(tmp_path, twins if request.param == "with keys" else None) as opened:
        yield opened


@pytest.fixture
def keyed(twins: Sandbox, tmp_path: Path) -> Iterator[Shell]:
    with open_shell(tmp_path, twins) as opened:
        yield opened


def add(shell: Shell, provider: str, count: int = 1, target: str = TWIN, **facts: object) -> None:
    """Write finished runs of a model into the journal."""
    endpoint = shell.client.session.endpoints.choose(provider)
    row = {
        "provider": provider, "place": endpoint.address, "sandbox": endpoint.sandbox,
        "kind": "model", "inputs": {"prompt": "x"}, "status": "completed", "seconds": 5.0,
        "outputs": [{"path": "x.png"}], **facts,
    }  # fmt: skip
    for _ in range(count):
        shell.client.session.store.add(target=target, **row)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_list_has_the_models_of_one_provider_and_each_of_them_is_known_there(
    shell: Shell, provider: str
) -> None:
    found = list(shell.run(f"%segmind_models -p {provider}"))
    assert found
    assert {model.provider for model in found} == {provider}
    assert found == shell.client.models(provider=provider)[: len(found)]
    for model in found:
        plan = shell.client.plan(model.slug, provider=provider) if not model.schema else None
        assert plan is None or "not in the catalogue" not in " ".join(plan.notes)


def test_a_run_of_a_listed_model_is_found_at_its_provider(keyed: Shell) -> None:
    slug = keyed.client.models("twin", provider="apimart")[0].slug
    job = keyed.run(f"%segmind_run {slug} -p apimart prompt=fox")
    assert job.provider == "apimart"


def test_the_hint_of_a_404_lists_the_models_of_that_provider(keyed: Shell) -> None:
    for provider in PROVIDERS:
        with pytest.raises(errors.NotFound) as raised:
            keyed.run(f"%segmind_run no-such-model -p {provider} prompt=fox")
        assert f"%segmind_models -p {provider}" in raised.value.hint


def test_a_model_of_another_provider_is_noted_with_the_option_for_it(keyed: Shell) -> None:
    (note,) = keyed.client.plan("flux-schnell", {"prompt": "x"}, provider="apimart").notes
    assert "but in that of Segmind: -p segmind" in note


def test_a_search_without_a_match_names_the_provider_that_has_one(keyed: Shell) -> None:
    with pytest.raises(errors.CellError, match="No model of APIMart fits 'instantid'") as raised:
        keyed.run("%segmind_models instantid -p apimart")
    assert "%segmind_models instantid -p segmind" in raised.value.hint
    models = keyed.run("%segmind_models gemini preview")  # no -p: whoever has it
    assert {model.provider for model in models} == {"apimart"}
    keyed.run("%config SegmindClient.provider = 'segmind'")
    with pytest.raises(errors.CellError, match="No model of Segmind"):
        keyed.run("%segmind_models gemini preview")


@pytest.mark.parametrize(("here", "there"), [("segmind", "apimart"), ("apimart", "segmind")])
def test_an_estimate_is_taken_from_runs_at_its_provider(
    shell: Shell, here: str, there: str
) -> None:
    add(shell, here, 3, cost=0.02)
    add(shell, there, 80, cost=9.0)  # many and newer: they hide nothing
    cost = shell.client.plan(TWIN, {"prompt": "x"}, provider=here).estimate
    assert (cost.low, cost.high) == (0.02, 0.02)
    model = shell.client.session.find_model(TWIN, here)
    if model is not None:  # the kernel's own sandbox has no such model
        assert shell.client.expected(model, provider=here)[0].high == 0.02
    other = shell.client.plan(TWIN, {"prompt": "x"}, provider=there).estimate
    assert (other.high, other.source) == (9.0, f"your last {MAX_OWN_RUNS} runs")
    plan = shell.client.plan_map(TWIN, [{"prompt": "x"}], provider=here)
    assert plan.high == 0.02


def test_the_estimate_of_a_form_is_that_of_the_models_own_provider(keyed: Shell) -> None:
    model = next(m for m in keyed.client.catalog("apimart") if m.provider == "apimart")
    add(keyed, "segmind", 3, model.slug, cost=9.0)
    add(keyed, "apimart", 3, model.slug, cost=0.03)
    for provider in (None, "apimart"):
        assert keyed.client.expected(model, provider=provider)[0].high == 0.03


def test_a_result_is_reused_at_its_own_provider_only(keyed: Shell, twins: Sandbox) -> None:
    line = f"%segmind_run {TWIN} prompt=fox seed=3 --reuse"
    first = keyed.run(f"{line} -p segmind")
    before = len(twins.billed_posts)
    assert keyed.run(f"{line} -p apimart").id != first.id
    assert len(twins.billed_posts) == before + 1
    assert keyed.run(f"{line} -p segmind").id == first.id
    assert len(twins.billed_posts) == before + 1


def test_jobs_and_spending_are_by_provider(keyed: Shell) -> None:
    add(keyed, "segmind", 2, cost=0.1)
    add(keyed, "apimart", 1, cost=0.3)
    for provider, count in (("segmind", 2), ("apimart", 1)):
        assert {job.provider for job in keyed.run(f"%segmind_jobs -p {provider}")} == {provider}
        assert keyed.client.count(target=TWIN, provider=provider) == count
    assert len(keyed.run("%segmind_jobs -p sandbox")) == 0
    with pytest.raises(errors.CellError, match="no provider 'apimrt'"):
        keyed.run("%segmind_jobs -p apimrt")
    rows = {(row.key, row.provider): row.usd for row in keyed.client.spend("model")}
    assert rows == {(TWIN, "segmind"): pytest.approx(0.2), (TWIN, "apimart"): 0.3}
    assert "provider" in str(keyed.run("%segmind_spend"))


@pytest.mark.parametrize("panel_class", [GalleryPanel, JobsPanel])
def test_a_panels_filter_tells_two_providers_of_one_name_apart(
    keyed: Shell, panel_class: type
) -> None:
    add(keyed, "segmind", 2)
    add(keyed, "apimart", 1)
    add(keyed, "segmind", 1, "only-here")
    panel = panel_class()
    options = dict(panel.search.model.options)
    assert list(options) == [
        "any", "only-here", f"{TWIN} (apimart)", f"{TWIN} (segmind)",
    ]  # fmt: skip
    for label, count in ((f"{TWIN} (apimart)", 1), (f"{TWIN} (segmind)", 2), ("only-here", 1)):
        panel.search.model.value = options[label]
        assert keyed.client.count(**panel.search.filters) == count
    panel.close()


def test_a_run_panel_takes_the_provider_of_its_argument(keyed: Shell) -> None:
    panel = RunPanel("apimart:gemini-3-pro-image-preview")
    assert panel.provider.value == "apimart"
    assert panel.model.provider == "apimart"
    assert all(panel.catalog.find(slug, "apimart") for _, slug in panel.list.options)
    panel.close()


def test_completion_offers_the_models_and_inputs_of_the_provider(keyed: Shell) -> None:
    completer = keyed.ip.Completer
    assert completer is not None

    def offered(text: str) -> set[str]:
        with provisionalcompleter():
            return {one.text for one in completer.completions(text, len(text))}

    assert "flux-schnell" not in offered("%segmind_run -p apimart ")
    assert "gemini-3-pro-image-preview" in offered("%segmind_run -p apimart ")
    assert "gemini-3-pro-image-preview" in offered("%segmind_run ")
    assert "gemini-3-pro-image-preview" not in offered("%segmind_models -p segmind ")
    assert "resolution=" in offered("%segmind_run -p apimart gemini-3-pro-image-preview res")
    assert "resolution=" not in offered("%segmind_run -p segmind gemini-3-pro-image-preview res")
    assert "resolution=" in offered("%segmind_run apimart:gemini-3-pro-image-preview res")


def test_a_run_on_the_sandbox_never_becomes_a_paid_one(keyed: Shell, twins: Sandbox) -> None:
    """With both keys set: `rerun`, `map`, exports and recipes stay on the kernel's own sandbox."""
    client, before = keyed.client, len(twins.billed_posts)
    slug = "gemini-3-pro-image-preview"
    job = client.run(slug, {"prompt": "x"}, provider="sandbox")
    assert (job.provider, job.sandbox) == ("apimart", True)
    again = job.rerun(prompt="y")
    again.wait(20)
    later = client.job(job.id).rerun(prompt="z")
    later.wait(20)
    copy = client.from_image(job.outputs[0]).rerun(prompt="w")
    copy.wait(20)
    batch = client.map(f"sandbox:{slug}", [{"prompt": "v"}])
    batch.wait(20)
    other = client.map("sandbox:flux-schnell", [{"prompt": "u"}])
    other.wait(20)
    assert (batch.done, other.done) == (1, 1)
    assert (again.provider, later.provider, copy.provider) == 3 * ("apimart",)
    assert "-p sandbox/apimart" in job.export("cell")
    keyed.run(job.export("cell"))
    assert len(twins.billed_posts) == before


def test_a_model_of_the_list_of_apimart_runs_there_in_a_kernel(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    slug = "gemini-3-pro-image-preview"
    cells = ("%segmind_models -p apimart", f"%%segmind_run {slug} -p apimart\nprompt: a fox")
    book = execute(notebook(*cells), tmp_path, sandbox)
    _, listed, run = book.cells
    (table,) = listed.outputs
    assert slug in table.data["text/plain"]
    assert "flux-schnell" not in table.data["text/plain"]
    assert any("completed" in output.data.get("text/plain", "") for output in run.outputs)
    assert [record.path for record in sandbox.billed_posts] == ["/v1/images/generations"]
