"""What one kernel does: plan, start, resume, upload, export, with its parts (`session_parts.py`).

Batches, workers and panels call the session; `SegmindClient` is the public API over it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, overload

from segmind_widgets.errors import InputError
from segmind_widgets.printable import printable
from segmind_widgets.schemas import is_mapping
from segmind_widgets.session_parts import OnFirstUse, SessionParts

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from segmind_widgets.assets.asset import Asset
    from segmind_widgets.assets.sources import FileSource
    from segmind_widgets.jobs.deletion import Deletions
    from segmind_widgets.jobs.job import Job
    from segmind_widgets.jobs.registry import JobRegistry
    from segmind_widgets.network.account import Balances
    from segmind_widgets.network.endpoints import Endpoint
    from segmind_widgets.planning.estimates import Estimate
    from segmind_widgets.planning.plan import Plan, RunBasis
    from segmind_widgets.providers import Provider
    from segmind_widgets.secret import Secret
    from segmind_widgets.syntax.snippets import Pasted
    from segmind_widgets.types import (
        Api,
        CheckInputs,
        Credits,
        Kind,
        Model,
        Progress,
        RunOptions,
        UsualTime,
    )


class Session(SessionParts):
    """What one kernel does with its parts: plan, start, resume, upload, read and export."""

    @OnFirstUse
    def jobs(self) -> JobRegistry:
        """Return the registry of the jobs of this and earlier kernels."""
        from segmind_widgets.jobs.registry import JobRegistry

        return JobRegistry(
            self.store,
            self.endpoints,
            self.submit,
            self._watch_options,
            self._on_begin,
            self.export,
            self._usual_time,
        )

    @OnFirstUse
    def deletions(self) -> Deletions:
        """Return the deletions of this session."""
        from segmind_widgets.jobs.deletion import Deletions

        return Deletions(self.store, self.jobs, self.thumbnails.remove)

    def check_key(self, provider: str, key: Secret) -> Credits:
        """Return the balance of the account of a key that is not stored yet.

        Raises:
            Unauthorized: the service refuses the key.
            SegmindError: the key could not be checked.
        """
        from segmind_widgets.network.account import fetch_credits

        with self.endpoints.with_key(provider, key) as endpoint:
            return fetch_credits(endpoint)

    def balances(self, provider: str | None, deadline: float) -> Balances:
        """Ask for the balance of a provider; without one, for those of all that have a key.

        The one that cells use is chosen; see `Endpoints.choose` for the errors.
        """
        from segmind_widgets.network.account import Balances

        chosen = self.endpoints.choose(provider)
        others = [
            self.endpoints.at(name, sandbox=False)
            for name in self.provider_titles()
            if self.keys.key(name) and (chosen.sandbox or name != chosen.provider.name)
        ]
        return Balances(chosen, [] if provider else others, deadline)

    @staticmethod
    def provider_titles() -> dict[str, str]:
        """Return the title of each provider, by its name."""
        from segmind_widgets.providers import PROVIDERS

        return {name: provider.title for name, provider in PROVIDERS.items()}

    @staticmethod
    def provider_class(name: str) -> type[Provider]:
        """Return the class of a provider, which has the addresses of its documentation pages."""
        from segmind_widgets.providers import PROVIDERS

        return PROVIDERS[name]

    @staticmethod
    def upload_limits(provider: str = "") -> str:
        """Return the limits of uploads to a provider, or to each provider if none is given."""
        from segmind_widgets.providers import PROVIDERS

        names = [provider] if provider in PROVIDERS else list(PROVIDERS)
        return " ".join(PROVIDERS[name].upload_limits for name in names)

    # files

    @overload
    def upload(
        self,
        source: list[Any] | tuple[Any, ...],
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> list[Asset]: ...
    @overload
    def upload(
        self,
        source: FileSource | Job,
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Asset: ...

    def upload(
        self,
        source: Any,
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Progress | None = None,
    ) -> Asset | list[Asset]:
        """Upload a file, or each of a list; the same content is uploaded once.

        Args:
            source: a file in any form that `Asset.of` takes, or a list. A URL stays as it is.
            provider: segmind, apimart or sandbox.
            force: upload again, even if the content was uploaded before.
            progress: called with bytes sent so far and in all.

        Returns:
            An Asset with its `url`; a list of them for a list.

        Raises:
            AssetError: no such file, or one that the provider refuses; nothing was sent.
            SegmindError: the service refused or did not answer.
        """
        from segmind_widgets.assets.asset import Asset

        endpoint = self.endpoints.choose(provider)
        many = isinstance(source, (list, tuple))
        sources: list[Any] = [*source] if many else [source]
        assets = [Asset.of(one) for one in sources]
        assets = self.uploads.upload(endpoint, assets, force=force, progress=progress)
        return assets if many else assets[0]

    def thumbnail(self, asset: Asset, side: int = 320) -> tuple[bytes, str]:
        """Return a small picture of an asset, cached on disk; see `Thumbnails.get`."""
        return self.thumbnails.get(asset, side)

    # pasted text

    def read(self, text: str, *, allow_files: bool = False) -> Pasted:
        """Return the meaning of pasted text; see `SegmindClient.read`."""
        from segmind_widgets.syntax.snippets import read

        pasted = read(text, self.endpoints.addresses(), self.endpoints.secrets())
        if not allow_files:
            pasted.access.check()
        self.workflows.add(pasted)
        return pasted

    def find_code(self, text: str) -> Pasted | None:
        """Return the code in a cell that calls a service; None if the cell is plain text.

        Raises:
            InputError: it is code, but cannot be interpreted as one run or upload.
        """
        from segmind_widgets.syntax.cells import names_service

        addresses = self.endpoints.addresses()
        if not names_service(text, addresses):
            return None
        from segmind_widgets.syntax.snippets import find_code

        pasted = find_code(text, addresses, self.endpoints.secrets())
        if pasted is not None:
            self.workflows.add(pasted, is_cell=True)
        return pasted

    def without_keys(self, text: str) -> str:
        """Return a text with a placeholder for each API key in it."""
        from segmind_widgets.syntax.secrets import cut_keys

        return cut_keys(text, self.endpoints.secrets())

    # models

    def models(
        self, query: str = "", modality: str | None = None, provider: str | None = None
    ) -> list[Model]:
        """Return the models that match, best first; see `SegmindClient.models`."""
        endpoint = self.endpoints.choose(provider)
        catalog = self.directory.catalog(endpoint)
        models = catalog.search(query, modality, endpoint.provider.name)
        if not models and self.takes_any_provider(provider):
            models = catalog.search(query, modality)
        return models

    def find_model(self, slug: str, provider: str | None = None) -> Model | None:
        """Return a model of the provider; where none is chosen, of the first one that has it.

        It waits at most three seconds for the model's own page.
        """
        from segmind_widgets.network.model_pages import PATIENCE

        endpoint = self.endpoints.choose(provider)
        catalog = self.directory.catalog(endpoint)
        model = catalog.find(slug, endpoint.provider.name)
        if model is None and self.takes_any_provider(provider):
            model = catalog.find(slug)
        return model and self.directory.pages.complete(model, endpoint, patience=PATIENCE)

    def with_page(self, model: Model, provider: str | None = None) -> Model:
        """Return a model with the facts of its own page, for which this waits; see `ModelPages`."""
        endpoint = self.endpoints.choose(provider)
        return self.directory.pages.complete(model, endpoint, patience=None)

    def takes_any_provider(self, provider: str | None) -> bool:
        """Return whether any provider may run a model: neither `-p` nor a setting names one."""
        return provider in (None, "", "sandbox") and self.endpoints.setting in ("", "sandbox")

    # runs

    def plan(
        self,
        target: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        kind: Kind = "model",
        provider: str | None = None,
        api: Api = "auto",
        endpoint: str = "",
        max_cost: float | None = None,
        again: bool = True,
        as_written: bool = False,
        needs_price: bool = False,
        waits_for_page: bool = False,
        basis: RunBasis | None = None,
    ) -> Plan:
        """Check a run without sending anything.

        `endpoint` is the path of an address of APIMart, where its list of models names another.
        Without `again`, `start` refuses an equal request within ten seconds. With `as_written` no
        seed is added to the inputs. A limit, or `needs_price`, lets it wait up to two seconds for
        the list of models where the price is not known here. With `waits_for_page`, for a question
        and not for a run, it waits up to three seconds for the model's own page. A `basis` of the
        same target replaces its look-up.

        Raises:
            InputError: an input is certainly wrong; the field is named.
            LimitError: it may cost more than `max_cost` USD, or its cost is unknown.
            KeyMissing: the provider has no key.
        """
        from segmind_widgets.network.model_pages import PATIENCE
        from segmind_widgets.planning.plan import make_plan
        from segmind_widgets.types import RunRequest

        basis = basis or self.basis(target, kind=kind, provider=provider)
        name, notes = basis.name, list[str]()
        self._check_inputs(target, inputs or {})  # with the key that was looked up just now
        mode = cast("CheckInputs", self.settings.check_inputs)
        if kind == "workflow":
            inputs, notes = self.workflows.check(name, inputs or {}, basis.own_runs, mode)
        plan = make_plan(
            RunRequest(name, dict(inputs or {}), kind, api, endpoint=endpoint),
            basis,
            self.directory,
            self.uploads,
            check_inputs=mode,
            again=again,
            as_written=as_written,
            needs_price=needs_price or max_cost is not None or self.settings.budget > 0,
            page_wait=PATIENCE if waits_for_page else 0.0,
            page_cost=self.workflows.cost(name) if kind == "workflow" else None,
            notes=notes,
        )
        if max_cost is not None:
            plan.within(max_cost)
        return plan

    def basis(self, target: str, *, kind: Kind = "model", provider: str | None = None) -> RunBasis:
        """Return what all runs of a target have in common; raises what `locate` raises."""
        from segmind_widgets.planning.plan import RunBasis

        return RunBasis(*self.locate(target, kind=kind, provider=provider), self.store)

    def _check_inputs(self, target: str, inputs: Mapping[str, Any]) -> None:
        """Raise InputError for inputs that are not a mapping or contain an API key."""
        from segmind_widgets.planning.inputs import refuse_keys

        if not is_mapping(inputs):
            raise InputError(
                f"The inputs are a {type(inputs).__name__}, but must be a mapping.",
                hint='Such as {"prompt": "a red fox"}.',
            )
        refuse_keys(target, inputs, self.endpoints.known_secrets())

    def locate(
        self, target: str, *, kind: Kind = "model", provider: str | None = None
    ) -> tuple[str, Endpoint, tuple[str, ...]]:
        """Choose where a target runs; return its name, the endpoint, and a note about the choice.

        The order is: `provider` or `PROVIDER:MODEL`, the setting, the only provider of the model,
        the provider that has a key, the sandbox.

        Raises:
            InputError: the setting is not the only provider that has the model.
            KeyMissing: the provider has no key.
        """
        from segmind_widgets.planning.targets import locate

        return locate(target, self.endpoints, self.directory, kind=kind, provider=provider)

    def expected(
        self, model: Model, *, provider: str | None = None
    ) -> tuple[Estimate, float | None]:
        """Return the cost of a run and its usual seconds, None where unknown.

        Without a provider, or on the sandbox, it is a run at the model's own provider.

        Raises:
            KeyMissing: the provider has no key.
        """
        from segmind_widgets.planning.estimates import OwnRuns, estimate, usual_time

        endpoint = self.endpoints.choose(provider)
        if provider in (None, "", "sandbox") and endpoint.provider.name != model.provider:
            sandbox = endpoint.sandbox
            endpoint = self.endpoints.at(model.provider, sandbox=sandbox)
        own = OwnRuns(self.store, model.slug, endpoint)
        usual = usual_time(own, model)
        return estimate(model.cost, own.costs(1)), usual.seconds if usual else None

    def _usual_time(self, target: str, kind: Kind, endpoint: Endpoint) -> UsualTime | None:
        """Return the usual time of a job that is resumed, None where unknown."""
        from segmind_widgets.planning.estimates import OwnRuns, usual_time

        model = self.directory.known_model(target, endpoint) if kind == "model" else None
        return usual_time(OwnRuns(self.store, target, endpoint), model)

    def start(
        self,
        plan: Plan,
        progress: Progress | None = None,
        *,
        assign: Callable[[Job], object] | None = None,
        **facts: Any,
    ) -> Job:
        """Send a plan: upload its files, write the journal, submit; return the job at once.

        An equal request whose reply was lost is asked again with its Idempotency-Key, if the
        provider knows such keys. `assign` is called with the job before it can be sent; `facts` are
        the batch and the row of the job, if it belongs to a batch.

        Raises:
            LimitError: the budget does not allow it; nothing was sent, not even a file.
            SegmindError: an upload failed, or the journal cannot be written; nothing was billed.
        """
        lost = None if "batch" in facts else self.jobs.ask_again(plan.fingerprint, plan.endpoint)
        if lost is not None:
            if assign:
                assign(lost)
            return lost
        with self.budget.reserve(plan, self.settings.budget) as entry:

            def assign_job(job: Job) -> None:
                entry.assign(job)
                if assign:
                    assign(job)

            return self._send(plan, progress, {"assign": assign_job, **facts})

    def _send(self, plan: Plan, progress: Progress | None, facts: Mapping[str, Any]) -> Job:
        from segmind_widgets.planning.inputs import iter_files, placeholder, to_base64, to_json

        endpoint = plan.endpoint
        files = [
            asset for _, asset, is_inline in iter_files(plan.inputs, plan.model) if not is_inline
        ]
        urls = self.uploads.urls(endpoint, files, progress=progress)

        def url(asset: Asset) -> str:
            return urls.get(asset) or asset.url or ""

        def encode(asset: Asset) -> str:
            return to_base64(self.uploads.outgoing(endpoint, asset, inline=True).as_sent())

        body = to_json(plan.inputs, plan.model, url, encode)
        journal_inputs = to_json(plan.inputs, plan.model, url, placeholder)
        call = endpoint.provider.submit(replace(plan.request, inputs=body))
        request = replace(plan.request, inputs=journal_inputs)
        digests = {"fingerprint": plan.fingerprint, "source": plan.source}
        facts = {"estimate": plan.estimate.high, **digests, **facts}
        return self.jobs.begin(call, request, plan.inputs, endpoint, plan.usual_time, **facts)

    def earlier(self, plan: Plan) -> Job | None:
        """Return the newest finished job of an equal request, with its files; None for none.

        Raises:
            InputError: the plan takes a new seed each time, so no two requests are equal.
        """
        from segmind_widgets.planning.estimates import is_at

        plan.check_repeatable()
        row = self.store.same(plan.fingerprint)
        job = self.jobs.job(row["key"]) if row and is_at(row, plan.endpoint) else None
        if job is None or not all(asset.path and asset.path.is_file() for asset in job.outputs):
            return None
        return job if job.outputs else None

    def submit(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        **options: Unpack[RunOptions],
    ) -> Job:
        """Start a model; return the job at once.

        Options: kind, provider, api, endpoint, max_cost, again.

        Raises:
            InputError, LimitError, KeyMissing, SegmindError: see `plan` and `start`.
        """
        plan = self.plan(model, inputs, **options)
        for note in plan.notes:
            warnings.warn(printable(note), UserWarning, stacklevel=2)
        return self.start(plan)

    # earlier runs

    def resume(self, job_id: str) -> Job:
        """Resume a job of this or an earlier kernel; see `SegmindClient.resume`."""
        return self.jobs.resume(job_id)

    def job(self, job_id: str) -> Job:
        """Return a job of the journal without resuming it. Raises NotFound."""
        return self.jobs.job(job_id)

    def from_image(self, source: FileSource) -> Job:
        """Return the job that made a picture, from the recipe in it, ready for `rerun`.

        A rerun uses the seed of the picture; for a picture of the sandbox it runs on the sandbox.

        Raises:
            AssetError: the picture carries no recipe.
        """
        from segmind_widgets.assets.asset import Asset
        from segmind_widgets.assets.recipes import FACTS, read
        from segmind_widgets.jobs.job import Job
        from segmind_widgets.types import Status

        asset = Asset.of(source)
        recipe = read(asset)

        def again(changes: Mapping[str, Any]) -> Job:
            inputs = recipe.changed(changes)
            return self.submit(
                recipe.model, inputs, kind=recipe.kind, provider=recipe.provider_option
            )

        when = {"created": recipe.time} if recipe.time else {}
        job = Job(**{name: getattr(recipe, name) for name in FACTS}, **when)
        job.resubmit, job.render_export = again, self.export
        job.find_upload = self.store.uploaded_file
        job.publish(last=True, status=Status.COMPLETED, progress=1.0, outputs=(asset,))
        return job

    def export(self, source: Plan | Job, form: str) -> str:
        """Export a run as code: "cell", "client", "python", "curl" or "javascript".

        "client" is Python with this package; the scripts in the last three do not need it.

        Nothing is sent, and the code contains no key: scripts read it from the environment.

        Raises:
            InputError: there is no such form, or a file among the inputs is only in memory.
        """
        from segmind_widgets.exports.export import FORMS, export

        if form not in FORMS:
            raise InputError(
                f"There is no form {form!r}.", hint=f"Choose one of {', '.join(FORMS)}."
            )
        return export(source, form, self.plan)
