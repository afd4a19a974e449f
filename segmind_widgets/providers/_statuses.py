"""The services' words for the status of a job: one table for every provider and reply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from segmind_widgets.types import Status

_TABLE = {
    Status.QUEUED: "queued pending submitted waiting created accepted scheduled starting in_queue"
    " not_started initialized",
    Status.PROCESSING: "processing running in_progress inprogress started working active generating"
    " rendering executing in_process",
    Status.COMPLETED: "completed complete succeeded success successful done finished ready"
    " completed_with_errors partial_success",
    Status.FAILED: "failed failure fail error errored expired timeout timed_out time_out rejected"
    " refused aborted moderated content_moderated request_moderated nsfw blocked invalid"
    " internal_error dead",
    Status.CANCELLED: "cancelled canceled revoked terminated stopped killed deleted user_cancelled"
    " user_canceled",
}
WORDS: Mapping[str, Status] = {
    word: status for status, words in _TABLE.items() for word in words.split()
}
FIELDS = ("status", "state", "task_status", "job_status", "model_status", "phase")
_PREFIX = re.compile(r"^(?:(?:task|job|run|request|generation|status|state)_)+")


def word_of(body: Mapping[str, Any]) -> str:
    """Return the service's word for the status in a reply, or ""."""
    words = (body.get(field) for field in FIELDS)
    return next((word for word in words if isinstance(word, str) and word.strip()), "")


def status_of(word: str) -> Status:
    """Return the status that a word stands for. An unknown word keeps polling."""
    return WORDS.get(normal(word), Status.PROCESSING)


def is_open(word: str) -> bool:
    """Return whether a word is known, and says that the job goes on."""
    return WORDS.get(normal(word)) in (Status.QUEUED, Status.PROCESSING)


def normal(word: str) -> str:
    """Return a word in the form of the table: `TASK_STATUS_SUCCEEDED` is `succeeded`."""
    plain = re.sub(r"[\s.:-]+", "_", word[:100].strip().lower())
    return plain if plain in WORDS else _PREFIX.sub("", plain)
