"""The one client: notebooks, panels and plain Python all use it.

Importing this is cheap: what is heavy is imported by the first call that needs it.
"""

from __future__ import annotations

import os
import warnings
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from traitlets import Bool, Dict, Float, Unicode
from traitlets.config import SingletonConfigurable

from segmind_widgets.errors import NotFound, SegmindError, SubmitUnknown
from segmind_widgets.types import Call, Credits, Model, RunRequest, Status

if TYPE_CHECKING:
    from segmind_widgets.catalog import Catalog
    from segmind_widgets.directory import Directory
    from segmind_widgets.jobs import Job
    from segmind_widgets.keys import Keys
    from segmind_widgets.places import Place, Places
    from segmind_widgets.plans import Plan
    from segmind_widgets.scheduler import Scheduler
    from segmind_widgets.store import Store
    from segmind_widgets.uploads import Uploads


class SegmindClient(SingletonConfigurable):
    """Uploads, runs, resumes and remembers. `SegmindClient.instance()` is the notebook's own."""

    provider = Unicode(
        help="segmind, apimart or sandbox. Empty: SEGMIND_WIDGETS_PROVIDER, then the provider"
        " that has a key, then the sandbox."
    ).tag(config=True)
    home = Unicode(
        help="The folder of the journal and the results. Empty: SEGMIND_WIDGETS_HOME, then the"
        " user's data directory."
    ).tag(config=True)
    urls = Dict(
        help="Addresses by the names of their environment variables, such as SEGMIND_API_URL."
    ).tag(config=True)
    rate_limit = Float(
        120.0, min=0, help="Requests a minute to one provider; 0: only what 429 answers ask."
    ).tag(config=True)
    economical = Bool(help="Poll less often, for accounts with a small rate limit.").tag(
        config=True
    )
    check_inputs = Bool(
        True, help="Refuse inputs that the catalogue says are wrong; False only warns."
    ).tag(config=True)
    watch_limit = Float(
        3600.0, min=1, help="Seconds after which a job is no longer watched; it goes on."
    ).tag(config=True)
    image_objects = Bool(help='Send APIMart image_urls as [{"url": …}].').tag(config=True)
    sandbox_speed = Float(10.0, min=0.1, help="How much faster the sandbox is than life.").tag(
        config=True
    )

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._live: weakref.WeakValueDictionary[str, Job] = weakref.WeakValueDictionary()

    @cached_property
    def keys(self) -> Keys:
        """Where keys are found and kept."""
        from segmind_widgets.keys import Keys

        return Keys()

    @cached_property
    def store(self) -> Store:
        """The journal, the upload cache and the results."""
        from segmind_widgets.store import Store, default_home

        store = Store(Path(self.home).expanduser() if self.home else default_home())
        if store.problem:
            warnings.warn(
                f"{store.problem} Jobs are kept in memory only.", UserWarning, stacklevel=3
            )
        return store

    @cached_property
    def places(self) -> Places:
        """Providers where they are."""
        from segmind_widgets.places import Places

        return Places(self.keys, self._options)

    @cached_property
    def scheduler(self) -> Scheduler:
        """The threads that watch jobs."""
        from segmind_widgets.scheduler import Scheduler

        return Scheduler()

    @cached_property
    def directory(self) -> Directory:
        """Models as the services list them."""
        from segmind_widgets.directory import Directory

        return Directory(self.store)

    @cached_property
    def uploads(self) -> Uploads:
        """Uploads, each content once."""
        from segmind_widgets.uploads import Uploads

        return Uploads(self.store)

    def _options(self) -> dict[str, Any]:
        provider = self.provider or os.environ.get("SEGMIND_WIDGETS_PROVIDER", "")
        names = ("urls", "rate_limit", "image_objects", "sandbox_speed")
        return {"provider": provider, **{name: getattr(self, name) for name in names}}

    def close(self) -> None:
        """Stop watching, close connections and the journal; jobs go on at their services."""
        for job in list(self._live.values()):
            job.stop()
        made = vars(self)
        for name in ("places", "store"):
            if name in made:
                made[name].close()
        for name in ("places", "store", "directory", "uploads"):
            if name in made:
                delattr(self, name)

    # files

    def upload(
        self,
        source: Any,
        *,
        provider: str | None = None,
        force: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Any:
        """Upload a file, or each of a list; the same content is uploaded once.

        Args:
            source: what `Asset.of` takes, or a list of it. A URL is given back as it is.
            provider: segmind, apimart or sandbox.
            force: upload again what was uploaded before.
            progress: told bytes sent so far and in all.

        Returns:
            An Asset with its `url`; a list of them for a list.

        Raises:
            AssetError: no such file, or one that the provider refuses; nothing was sent.
            SegmindError: what the service said.
        """
        from segmind_widgets.assets import Asset

        place = self.places.choose(provider)
        many = isinstance(source, (list, tuple))
        assets = [Asset.of(one) for one in (source if many else [source])]
        done = self.uploads.upload(place, assets, force=force, progress=progress)
        return done if many else done[0]

    # runs

    def plan(
        self,
        target: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        kind: Literal["model", "workflow"] = "model",
        provider: str | None = None,
        api: Literal["auto", "v1", "v2"] = "auto",
        max_cost: float | None = None,
    ) -> Plan:
        """Check a run without sending anything.

        Raises:
            InputError: an input is certainly wrong; the field is named.
            LimitError: it usually costs more than `max_cost` USD.
            KeyMissing: the provider has no key.
        """
        from segmind_widgets.plans import make_plan

        return make_plan(
            RunRequest(target, dict(inputs or {}), kind, api),
            self.places.choose(provider),
            self.directory,
            self.store,
            strict=self.check_inputs,
            max_cost=max_cost,
        )

    def start(self, plan: Plan, progress: Callable[[int, int], None] | None = None) -> Job:
        """Send a plan: upload its files, write the journal, submit. The job, at once.

        Raises:
            SegmindError: an upload failed, or the journal cannot be written; nothing was billed.
        """
        from segmind_widgets.preparing import prepared

        place = plan.place
        self.uploads.upload(place, plan.files, progress=progress)
        inputs = prepared(plan.inputs, plan.model, lambda asset: self.uploads.url(asset, place))
        request = replace(plan.request, inputs=inputs)
        call = place.provider.submit(request)
        key = self.store.add(
            provider=place.provider.name,
            place=place.address,
            sandbox=place.sandbox,
            kind=request.kind,
            target=request.target,
            inputs=inputs,
            status=str(Status.SUBMITTING),
            notebook=os.environ.get("JPY_SESSION_NAME"),
        )
        job = self._job(key, plan.inputs, inputs, request, place, usual=plan.seconds)
        self._watch(job, place, key, call)
        return job

    def submit(self, model: str, inputs: Mapping[str, Any] | None = None, **options: Any) -> Job:
        """Start a model; the job, at once. Options: provider, api, max_cost.

        Raises:
            InputError, LimitError, KeyMissing, SegmindError: see `plan` and `start`.
        """
        plan = self.plan(model, inputs, **options)
        for note in plan.notes:
            warnings.warn(note, UserWarning, stacklevel=2)
        return self.start(plan)

    def submit_workflow(
        self, workflow: str, inputs: Mapping[str, Any] | None = None, **options: Any
    ) -> Job:
        """Start a PixelFlow workflow, by id, slug or URL; the job, at once."""
        return self.submit(workflow, inputs, kind="workflow", **options)

    def run(
        self,
        model: str,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
        **options: Any,
    ) -> Job:
        """Start a model and wait; the finished job.

        Raises:
            SegmindError: what failed; StillRunning after `timeout` seconds (the job goes on).
        """
        job = self.submit(model, inputs, **options)
        job.result(timeout)
        return job

    # what was started before

    def resume(self, job_id: str) -> Job:
        """Go on with a job of this or an earlier kernel, or with one known by its id alone.

        A finished job comes back with its files. Nothing is ever submitted again.

        Raises:
            NotFound: nobody knows the job, or its sandbox is gone.
            SubmitUnknown: it stopped between the submit and the reply.
        """
        from segmind_widgets.watch import call_of, outputs_of

        try:
            row = self.store.job(job_id)
        except NotFound:
            return self._adopt(job_id)
        live = self._live.get(row["key"])
        if live is not None and live.watching:
            return live
        if Status(row["status"]).final:
            return self._recalled(row)
        call, outputs = call_of(row), outputs_of(row)
        if call is None and not outputs:
            error = SubmitUnknown(
                f"The kernel stopped while {row['target']} was being submitted; no id was told.",
            )
            self.store.update(row["key"], status=str(Status.UNKNOWN), error=str(error))
            raise error
        place = self._place_of(row)
        job = self._recalled(row, watching=True)
        self._watch(job, place, row["key"], call, outputs=outputs)
        return job

    def job(self, job_id: str) -> Job:
        """A job of the journal as it is; `resume` goes on with it. Raises NotFound."""
        row = self.store.job(job_id)
        return self._live.get(row["key"]) or self._recalled(row)

    def resume_all(self) -> list[Job]:
        """Go on with every unfinished job; those that cannot are shown with their error."""
        return [self._resumed(row) for row in self.store.jobs(1_000_000, unfinished=True)]

    def _resumed(self, row: Mapping[str, Any]) -> Job:
        try:
            return self.resume(row["key"])
        except SegmindError as error:
            job = self._recalled(self.store.job(row["key"]))
            job.error = error
            return job

    def jobs(self, last: int = 20, *, unfinished: bool = False) -> list[Job]:
        """The newest jobs of the journal, this kernel's live ones among them."""
        rows = self.store.jobs(last, unfinished=unfinished)
        return [self._live.get(row["key"]) or self._recalled(row) for row in rows]

    # the account, the models

    def credits(self, provider: str | None = None) -> Credits:
        """The balance. Free, and so the way to see whether a key is right."""
        from segmind_widgets.scheduler import exchange

        place = self.places.choose(provider)
        return place.provider.parse_credits(
            exchange(place.transport, place.provider.credits_call())
        )

    def catalog(self, provider: str | None = None) -> Catalog:
        """All known models, the live directory's among them."""
        return self.directory.catalog(self.places.choose(provider))

    def models(self, query: str = "", modality: str | None = None) -> list[Model]:
        """Models that fit, best first. `modality`: image, video, audio, text, edit, …"""
        return self.catalog().search(query, modality)

    # inside

    def _job(
        self,
        key: str,
        given: Mapping[str, Any],
        inputs: Mapping[str, Any],
        request: RunRequest,
        place: Place,
        **traits: Any,
    ) -> Job:
        from segmind_widgets.jobs import Job

        def again(job: Job, changes: Mapping[str, Any]) -> Job:
            fresh = {**given, **changes}
            name = place.provider.name
            options: dict[str, Any] = {"kind": request.kind, "api": request.api}
            options["provider"] = "sandbox" if place.sandbox and name == "segmind" else name
            return self.submit(job.model, fresh, **options)

        job = Job(
            again=again,
            id=key,
            provider=place.provider.name,
            model=request.target,
            kind=request.kind,
            inputs=dict(inputs),
            sandbox=place.sandbox,
            **traits,
        )
        self._live[key] = job
        return job

    def _watch(
        self, job: Job, place: Place, key: str, call: Call | None, outputs: Any = ()
    ) -> None:
        from segmind_widgets.watch import Watch

        watch = Watch(
            job,
            place.provider,
            place.transport,
            self.store,
            key,
            call,
            outputs=outputs,
            economical=self.economical,
            limit=self.watch_limit,
        )
        self.scheduler.add(watch)

    def _place_of(self, row: Mapping[str, Any]) -> Place:
        """Where a row's job runs. Raises NotFound where that is no longer so."""
        place = self.places.at(row["provider"], sandbox=False)
        if place.address == row["place"]:
            return place
        local = self.places.choose("sandbox" if row["sandbox"] else row["provider"])
        if row["sandbox"] and self.places.at(row["provider"], sandbox=True).address != row["place"]:
            self.store.update(row["key"], status=str(Status.UNKNOWN), next=None)
            raise NotFound(
                f"The job {row['id'] or row['key']} ran on a sandbox that ended with its kernel.",
                hint="Run it again; on the sandbox that costs nothing.",
            )
        if local.address != row["place"]:
            raise NotFound(
                f"The job {row['id'] or row['key']} runs at {row['place']}, not {local.address}.",
                hint="Set the address back to that and resume again.",
            )
        return self.places.at(row["provider"], sandbox=True)

    def _recalled(self, row: Mapping[str, Any], **traits: Any) -> Job:
        """A job from its row, with its files where they are on disk."""
        from segmind_widgets.watch import recall

        place = self.places.at(row["provider"], sandbox=False)
        request = RunRequest(row["target"], row["inputs"], row["kind"])
        given = recall(row, watching=bool(traits))
        job = self._job(row["key"], row["inputs"], row["inputs"], request, place, usual=None)
        job.publish(last=not traits, **given)
        return job

    def _adopt(self, job_id: str) -> Job:
        """A job that this journal has never seen, by the service's id."""
        place = self.places.choose()
        call = place.provider.find(job_id)
        key = self.store.add(
            id=job_id,
            provider=place.provider.name,
            place=place.address,
            sandbox=place.sandbox,
            kind="model",
            target="unknown",
            inputs={},
            status=str(Status.QUEUED),
            next=call.to_dict(),
        )
        job = self._job(key, {}, {}, RunRequest("unknown"), place)
        job.publish(id=job_id, status=Status.QUEUED)
        self._watch(job, place, key, call)
        return job
