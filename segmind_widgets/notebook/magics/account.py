"""Keys, the balance, and what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.magic import line_magic, no_var_expand

from segmind_widgets.errors import CellError, SegmindError, Unauthorized
from segmind_widgets.notebook.magics._base import MagicsBase, with_options

if TYPE_CHECKING:
    from segmind_widgets.notebook.tables import Table
    from segmind_widgets.types import Credits


class AccountMagics(MagicsBase):
    """The account at a provider."""

    @with_options
    @no_var_expand
    @line_magic
    def segmind_login(self, line: str) -> None:
        """Keep an API key: asks for it without showing it.

        %segmind_login [PROVIDER] [--forget]

        The key goes into the system's keyring, or stays in this kernel's memory where there is no
        keyring. It is never written on the line, which the notebook and its history keep.

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
        storage = keys.remember(provider, ask(provider, titles[provider]))
        result = self._check_key(provider)
        source = keys.source(provider)
        override = f" But {source} has a key, too, and it comes first."
        self.display.note(
            f"The key for {titles[provider]} is stored in {storage}. {result}"
            f"{override if 'environment' in source else ''}"
        )

    def _check_key(self, provider: str) -> str:
        """Whether the key is taken, in words. A wrong one is not kept."""
        if self.client.session.endpoints.choose(provider).sandbox:
            return "It was not tried: the sandbox is set as the provider."
        try:
            balance = self.client.credits(provider)
        except Unauthorized:
            self.client.session.keys.forget(provider)
            raise
        except SegmindError as error:
            return f"It could not be tried: {error.message}"
        return f"It works: {_credits(balance)}."

    @with_options
    @no_var_expand
    @line_magic
    def segmind_status(self, line: str) -> Table:
        """Show the provider, where its key came from, credits and limits.

        %segmind_status [options]

        %segmind_status? shows the options.

        Asking for the balance is free, so this is also the way to try a key.
        """
        from segmind_widgets.notebook.tables import Table

        options = self.options("segmind_status", line)
        endpoint = self.client.session.endpoints.choose(options.provider)
        keys, name = self.client.session.keys, endpoint.provider.name
        try:
            balance = self.client.credits(options.provider)
        except Unauthorized as error:
            error.hint = (
                f"The key {keys.masked(name)} comes from {keys.source(name)};"
                f" %segmind_login {name} sets another."
            )
            raise
        key = "none needed" if endpoint.sandbox else f"{keys.masked(name)} from {keys.source(name)}"
        limit = endpoint.transport.limit.per_minute
        rows = [
            (
                "provider",
                f"{endpoint.provider.title}{', on the sandbox' if endpoint.sandbox else ''}",
            ),
            ("address", endpoint.address),
            ("key", key),
            ("credits", _credits(balance)),
            ("rate limit", f"{limit:g} requests a minute" if limit else "none"),
            ("results in", str(self.client.session.store.home)),
        ]
        caption = "Nothing is billed on the sandbox. %segmind_login sets a key." * endpoint.sandbox
        return Table(rows, {"": lambda row: row[0], " ": lambda row: row[1]}, caption)

    @with_options
    @no_var_expand
    @line_magic
    def segmind_spend(self, line: str) -> Table:
        """Show what jobs cost, as the services told it; real money and play money apart.

        %segmind_spend [options]

        %segmind_spend? shows the options.

        Failures cost nothing. The table's to_dataframe() is one for pandas. A limit for this
        session is set with %config SegmindClient.budget = 2.0
        """
        from datetime import datetime, timedelta, timezone

        from segmind_widgets.notebook import listings

        options = self.options("segmind_spend", line)
        since = None
        if options.since is not None:
            since = datetime.now(timezone.utc) - timedelta(days=options.since)
        found = self.client.spend(options.by, since)
        sessions = {play: self.client.session_spend(sandbox=play) for play in (False, True)}
        told = (job for job in self.client.jobs(10) if job.credits is not None)
        newest, narrowed = next(told, None), since is not None
        return listings.spend(
            found, options.by, sessions, self.client.budget, newest, narrowed=narrowed
        )


def _credits(balance: Credits) -> str:
    if balance.unlimited:
        return "unlimited"
    free = f" and {balance.free:.2f} free" if balance.free else ""
    return f"{balance.left:.2f} USD{free}"
