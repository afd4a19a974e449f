"""Magics for keys, the balance, and the cost of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.magic import line_magic, no_var_expand

from segmind_widgets.errors import CellError, SegmindError, Unauthorized
from segmind_widgets.notebook.magics._base import MagicsBase, with_options

if TYPE_CHECKING:
    from segmind_widgets.notebook.tables import Table
    from segmind_widgets.secret import Secret


class AccountMagics(MagicsBase):
    """Magics for the account at a provider."""

    @with_options
    @no_var_expand
    @line_magic
    def segmind_login(self, line: str) -> None:
        """Prompt for an API key (hidden input) and store it.

        %segmind_login [PROVIDER] [--forget]

        The key is stored in the system's keyring or, without a keyring, in this kernel's memory.
        Never write it on the line: the notebook and IPython's history would keep it.

        %segmind_login? shows the options.
        """
        from segmind_widgets.notebook.login import ask, reject_key

        titles = self.client.session.provider_titles()
        options = self.options("segmind_login", reject_key(line, titles))
        provider, keys = options.provider, self.client.session.keys
        if provider not in titles:
            raise CellError(
                f"There is no provider {provider!r}.", hint=f"Choose {' or '.join(titles)}."
            )
        if options.forget:
            source = keys.forget(provider)
            remaining = f" There is still a key in {source}." if source else ""
            self.display.note(f"The stored key for {titles[provider]} was deleted.{remaining}")
            return
        page = self.client.session.provider_class(provider).keys_url
        if not keys.key(provider):
            self.display.note(f"Create keys for {titles[provider]} at {page}")
        key = ask(provider, titles[provider])
        result = self._check_key(provider, titles[provider], key)
        storage = keys.remember(provider, key)
        self.display.note(
            f"The key for {titles[provider]} is stored in {storage}. {result}"
            f"{self._override(provider, storage)}"
        )

    def _check_key(self, provider: str, title: str, key: Secret) -> str:
        """Return a sentence on whether the typed key works.

        Raises:
            Unauthorized: the service refuses it; nothing was stored.
        """
        from segmind_widgets.notebook.status import describe_credits

        session = self.client.session
        if session.endpoints.setting.startswith("sandbox"):
            return "It was not checked, because the provider is set to the sandbox."
        try:
            balance = session.check_key(provider, key)
        except Unauthorized as error:
            source = session.keys.source(provider)
            now = f"Cells have no key for {title} now."
            if source:
                now = f"Cells use the key {session.keys.masked(provider)} from {source}."
            hint = f"The key that you typed was not kept. {now} Keys are made at"
            page = session.provider_class(provider).keys_url
            raise error.with_hint(f"{hint} {page}") from error.__cause__
        except SegmindError as error:
            return f"It could not be checked: {error.message}"
        return f"It works: {describe_credits(balance)}."

    def _override(self, provider: str, storage: str) -> str:
        """Return the sentences on a key that comes before the stored one; "" without one."""
        keys = self.client.session.keys
        source = keys.source(provider)
        if source == storage:
            return ""
        return (
            f" But cells use the key {keys.masked(provider)} from {source}, which comes first."
            f" {keys.remedy(provider)}"
        )

    @with_options
    @no_var_expand
    @line_magic
    def segmind_status(self, line: str) -> Table:
        """Show the provider, the source of its key, credits, limits and unfinished jobs.

        %segmind_status [options]

        %segmind_status? shows the options.

        Asking for the balance is free, so this also checks a key. Where a service does not answer
        within 3 seconds, the balance is shown as not reachable.
        """
        from segmind_widgets.notebook.status import StatusCommand

        options = self.options("segmind_status", line)
        return StatusCommand(self.client, self.display, options.provider).run()

    @with_options
    @no_var_expand
    @line_magic
    def segmind_spend(self, line: str) -> Table:
        """Show the cost of jobs as the services report it, and sandbox credits separately.

        %segmind_spend [options]

        %segmind_spend? shows the options.

        Failed jobs cost nothing. to_dataframe() of the table is a pandas DataFrame.
        %config SegmindClient.budget = 2.0 sets a limit for this session.
        """
        from datetime import datetime, timedelta

        from segmind_widgets.notebook import listings

        options = self.options("segmind_spend", line)
        since = None
        if options.since is not None:
            since = datetime.now().astimezone() - timedelta(days=options.since)
            if options.since >= 1:  # whole days
                since = since.replace(hour=0, minute=0, second=0, microsecond=0)
        spend = self.client.session.store.spend
        rows = sums = spend(options.by, since, listings.MAX_SPEND_ROWS)
        if options.by in ("day", "job"):  # of which there may be very many
            sums = spend("model", since)
        sessions = {
            is_sandbox: self.client.session_spend(sandbox=is_sandbox)
            for is_sandbox in (False, True)
        }
        newest = next((job for job in self.client.jobs(10) if job.credits is not None), None)
        facts = sessions, self.client.budget, newest
        return listings.spend(rows, options.by, *facts, filtered=since is not None, sums=sums)
