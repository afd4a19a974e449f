"""The contract of a provider: its required methods are enough."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from segmind_widgets.assets.asset import Asset
from segmind_widgets.errors import AssetError, InputError, ReplyError
from segmind_widgets.providers import PROVIDERS, Provider, _base
from segmind_widgets.types import Call, JobState, Reply, RunRequest, Status


class Least(Provider):
    name = "least"
    title = "Least"
    settings = {"LEAST_API_URL": "https://least.example"}  # noqa: RUF012

    def authorize(self, call: Call, key: str) -> dict[str, str]:
        return {"key": key}

    def submit(self, request: RunRequest) -> Call:
        return Call("POST", self.urls["LEAST_API_URL"], dict(request.inputs), billed=True)

    def parse(self, call: Call, reply: Reply) -> JobState:
        return JobState(Status.COMPLETED)


def test_the_required_methods_make_a_provider() -> None:
    provider, asset, now = Least(), Asset(data=b"x"), datetime.now(timezone.utc)
    assert provider.origins == {"https://least.example:443"}
    assert provider.history_call("m", now, now) is None
    assert provider.credits_call() is provider.models_call() is None
    assert provider.upload_url == provider.directory_url == ""
    for refused in (
        lambda: provider.check_upload(asset),
        lambda: provider.upload_calls([asset]),
    ):
        with pytest.raises(AssetError, match="Least does not accept uploads"):
            refused()
    with pytest.raises(InputError, match="Least cannot look up"):
        provider.find("1")
    reply = Reply(200, {}, b"{}")
    for parse in (
        provider.parse_credits,
        provider.parse_history,
        provider.parse_models,
        provider.parse_upload,
    ):
        with pytest.raises(ReplyError):
            parse(reply)


def test_the_recipe_names_every_method_of_the_contract() -> None:
    names = {name for name in vars(Provider) if not name.startswith("_")} - {"origins"}
    assert {name for name in names if f"`{name}`" not in (_base.__doc__ or "")} == set()
    assert Provider.__abstractmethods__ == {"authorize", "submit", "parse"}


def test_no_page_that_is_read_without_the_key_may_see_it() -> None:
    for kind in PROVIDERS.values():
        assert not set(kind.settings) & set(kind.public_settings)
    site = PROVIDERS["segmind"]({"SEGMIND_SITE_URL": "https://site.example"})
    assert site.directory_url == "https://site.example/llms.txt"
    assert "https://site.example:443" not in site.origins
