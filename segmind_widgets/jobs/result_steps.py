"""The results of a job: read from a reply, written to disk, downloaded, published."""

from __future__ import annotations

import logging
from typing import Any

from segmind_widgets._version import __version__
from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import (
    DownloadError,
    ReplyError,
    SegmindError,
    StoreError,
    SubmitUnknown,
)
from segmind_widgets.jobs import long_replies
from segmind_widgets.jobs.downloads import reply_problem
from segmind_widgets.jobs.run_state import RunState
from segmind_widgets.storage.records import (
    ASK_AGAIN,
    asset_to_row,
    missing_outputs,
    output_to_row,
    partial_to_row,
    state_to_columns,
)
from segmind_widgets.types import Call, JobState, Reply, Status

_log = logging.getLogger(__name__)
_MAX_DOWNLOAD_TRIES = 5
_FRESH_SECONDS = 120.0  # after the end of a job, its files may not be at each of the hosts yet
_SAVE = "The result is kept in memory: job.save(FOLDER) writes it to another folder."
_MAX_PARSE_TRIES = 3  # of a reply in a search: it may be a proxy's page or incomplete JSON


class ResultSteps(RunState):
    """The results of a job: read from a reply, written to disk, downloaded, published."""

    def parse(self, call: Call, reply: Reply) -> float | None:
        """Parse a reply that has a state, and apply it. Raises SegmindError for any other."""
        try:
            state = long_replies.with_files(self._provider.parse(call, reply), reply)
            self.check_reply(call, state, reply)
            if not long_replies.is_complete(state, reply):
                self._results.keep(reply)
            self.tries = 0
            return self.apply(state, reply)
        except SubmitUnknown as error:
            if reply.status >= 300:
                raise
            raise self._results.with_reply(error, reply) from None
        except ReplyError:
            if call.billed or self.tries >= _MAX_PARSE_TRIES:
                raise
            return self._retry_later(reply, 2.0**self.tries)
        finally:
            long_replies.discard(reply, [output.url or "" for output in self.outputs])

    def check_reply(self, call: Call, state: JobState, reply: Reply) -> None:
        """Check the files that are part of a reply.

        Raises:
            SubmitUnknown: one is damaged, and the run is billed; its price and id are recorded.
            ReplyError: one is damaged, and the reply can be requested again.
        """
        problem = reply_problem(state.outputs)
        if not problem:
            return
        message = f"The result in the reply {problem}."
        if not call.billed:
            raise ReplyError(message, status=reply.status)
        columns, traits = state_to_columns(state, reply)
        self._record({k: v for k, v in columns.items() if k != "status"}, traits)
        self.job.publish(**traits)
        raise SubmitUnknown(f"{message} The run may be billed.", request_id=state.id)

    def _completed(self, state: JobState, columns: dict[str, Any], traits: dict[str, Any]) -> float:
        """Write files that are part of the reply to disk at once; record the URLs to fetch."""
        columns |= {"status": "downloading", "next": None, "run_seconds": self._run_seconds(state)}
        self._keep_reply()
        outputs = [self._results.write(i, output) for i, output in enumerate(state.outputs)]
        outputs += self.outputs[len(outputs) :]  # some histories go back less far
        self.outputs, self.tries = tuple(outputs), 0
        self.fresh_until = self._now() + (0 if self.recovery.has_begun else _FRESH_SECONDS)
        columns["outputs"] = [output_to_row(output) for output in outputs if output.url]
        self._record(columns, traits)
        self.job.publish(status=Status.DOWNLOADING, **traits)
        return 0.0

    def _run_seconds(self, state: JobState) -> float | None:
        """Return how long a completed job ran at the service; None if unknown.

        If the service does not report it, it ended between the last two polls.
        """
        if state.seconds or not self.is_whole:
            return state.seconds
        return (self.polled_at + self._age()) / 2 if self.polls else self._age()

    def _fetch(self) -> float | None:
        """Download every missing output, then publish all outputs."""
        if self.recovery.error and not self.recovery.has_begun:
            raise self.recovery.error
        try:
            self._results.fetch(self.outputs)
        except DownloadError as error:
            self.tries += 1
            is_fresh = error.status == 404 and self._now() < self.fresh_until
            is_useless = error.is_final or (error.is_gone and not is_fresh)
            if is_useless or self.tries >= _MAX_DOWNLOAD_TRIES:
                raise
            self.job.publish(message="the download was interrupted; trying again")
            pause = max(error.retry_after or 0.0, min(30.0, 2.0**self.tries))
            return self._wait(pause, "download %d failed", self.tries)
        assets = self._results.assets
        columns: dict[str, Any] = {}
        elapsed = self._run_time()
        if self.is_whole:
            columns["seconds"] = elapsed
        traits = {"outputs": tuple(assets), "progress": 1.0, "elapsed": elapsed, "message": ""}
        # the journal has it as unfinished, so another kernel may fetch it
        if self._results.problem:
            traits |= {"note": f"{self._results.problem} {_SAVE}", "status": Status.COMPLETED}
            return self._end(None, None, columns, traits)
        columns["outputs"] = [asset_to_row(asset) for asset in assets]
        return self._end(Status.COMPLETED, None, columns, traits)

    def _end_with_some(self, error: SegmindError) -> None:
        """End with the outputs that were fetched, if any, and a note that names the others.

        If another try may fetch them, the job stays unfinished, and its error says so.
        """
        results = self._results
        if not results.files or isinstance(error, StoreError):
            return self._end(None, error, {}, {})
        rows = partial_to_row(self.outputs, results.files, results.missing)
        note = f"{missing_outputs(rows)} {error.hint}"
        traits: dict[str, Any] = {"outputs": tuple(results.assets), "note": note, "message": ""}
        if results.problem:  # some of the files are only in memory
            return self._end(None, error, {}, traits)
        if all(one.is_gone or one.is_final for one in results.missing.values()):
            ask = f"{missing_outputs(rows)} {ASK_AGAIN.format(self.job.latest(('id',))['id'])}"
            traits |= {"note": ask, "progress": 1.0}
            return self._end(Status.COMPLETED, None, {"outputs": rows}, traits)
        return self._end(None, error, {"outputs": rows}, traits)

    def with_recipe(self, asset: Asset) -> Asset:
        """Return the file with its recipe in it, before it is shown or its size is read."""
        if not self._recipes:
            return asset
        from segmind_widgets.assets.recipes import FACTS, Recipe, with_recipe

        try:
            return with_recipe(asset, Recipe.now(__version__, **self.job.latest(FACTS)))
        except Exception:  # noqa: BLE001 - a paid picture matters more than its recipe
            _log.exception("The recipe of %r was not written", self.job.id)
            return asset
