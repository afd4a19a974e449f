"""The names of Segmind's models and workflows, given as a name, a page or an API address."""

from __future__ import annotations

import re

from segmind_widgets.errors import InputError

WORKFLOW_ID = re.compile(r"[0-9a-f]{24}-v\d+", re.IGNORECASE)
SLUG = re.compile(r"[\w][\w.-]*")
API_ADDRESS = re.compile(r"://[^/]+/(v[12])/[^/]+$", re.IGNORECASE)


def plain(target: str) -> str:
    """Return a target without its query, its fragment, the final slash and the page's `/api`."""
    address = target.strip().partition("?")[0].partition("#")[0].rstrip("/")
    return re.sub(r"/api$", "", address)


def model_slug(target: str) -> str:
    """Return a model's slug, given the slug, `owner/name`, the URL of its page or of its API.

    All slugs of Segmind's directory are in lower case.
    """
    return plain(target).rpartition("/")[2].lower()


def workflow_path(target: str) -> str:
    """Return the path of a workflow, given its id, slug, or the URL of its page or of its API.

    Raises:
        InputError: it is none of these.
    """
    text = plain(target)
    match = WORKFLOW_ID.search(text)
    if match:
        return match[0]
    slug = text.rpartition("/")[2]
    if not SLUG.fullmatch(slug):
        raise InputError(
            f"{text!r} is not a workflow's id, slug or URL.",
            hint="An id looks like 65c9c7f641c340d7ef2f7134-v1; the workflow's API page shows it.",
        )
    return f"v2/{slug}"
