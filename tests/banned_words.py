"""Words that nothing on the screen may have, each with the usual words for it.

A phrase is matched as whole words, in any case. `LABELS` holds phrases that are wrong as a whole
label, though not inside of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

PHRASES = {  # phrase, as a regular expression → the usual words
    # labels that a person had to guess
    "which makes": "Output type",
    "all kinds": "any",
    "earlier ones too": "Include earlier sessions",
    "as set": "automatic",
    "every (model|state|kind)": "any",
    "in all": "total",
    # image, video, audio and text are the kinds of outputs
    "(pictures?|sounds?)": "image, audio",
    "sound files?": "audio file",
    # the life of a job: it is submitted, runs, continues, ends; it is watched and resumed
    "goes? on": "continues",
    "gets? (it|them) back": "fetches its result",
    "in flight": "running; reserved for running jobs",
    "not followed": "not watched",
    "another kernel follows": "is watched by another kernel",
    "is asked": "is polled",
    "by itself": "automatically",
    "brings (it|them)": "fetches",
    "lasting": "final",
    # sending and refusing
    "was taken": "was accepted",
    "took the request": "accepted the request, received the request",
    "takes no (files?|text)": "does not accept",
    "gave up": "timed out",
    "answered (with|without|404|429)": "replied, sent a reply",
    "its answer was lost": "its reply was lost",
    "do(es)? not go together": "cannot be used together",
    "leave (one|that|this) out": "remove one of them",
    "takes? it for": "treats it as",
    "says? (what|so|yes|success)": "reports, confirms",
    "did not say": "did not confirm",
    # where things are
    "on the clipboard": "was copied",
    "today's directory": "the provider's current list",
    "the catalogue": "the list of known models",
    "the place": "the provider",
    "an address that can": "a valid address",
    "of yours": "your own",
    # cost and time
    "usually": "typically",
    "nothing to pay": "free",
    "the price": "the cost",
    "may still cost": "reserved",
    # words that are not idiomatic
    "(?<!there )(is|are|was|were) no (JSON|file|code|recipe|text|list|mapping|option|key|name)": (
        "is not a …"
    ),
    "holds? (an?|no|the)": "contains, has",
    "all the same": "anyway",
    "anew": "again, as a new …",
    "cut (out|off|away)": "removed, incomplete",
    "taken out": "removed",
    "as it is|as they are": "unchanged",
    "in the words of|own words": "message",
    "be made": "be created",
    "lacks": "has no",
    "beside": "next to",
    "went wrong": "an error occurred",
    "do it": "name the action",
    "once more": "again",
    "people": "users",
    "kept there": "renamed to",
    "stands? (in|on|for)": "is in",
}
LABELS = {  # a whole label, option, or title of a column → the usual words
    "how many": "Number of runs",
    "what": "type",
    "usually": "typical cost",
    "takes": "typical time, type",
    "took": "duration",
    "meaning": "description",
    "at": "provider",
    "until": "valid until",
    "again": "run again",
    "money": "billed in",
    "where": "provider",
    "do not": "Cancel",
    "run it": "Run",
    "close it": "Close",
    "pictures": "image",
    "sound": "audio",
}
_PHRASES = {re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE): phrase for phrase in PHRASES}


def faults(texts: Iterable[str]) -> Iterator[str]:
    """Yield a line for each banned phrase in each text, with the usual words."""
    for text in texts:
        for pattern, phrase in _PHRASES.items():
            if match := pattern.search(text):
                start, end = match.span()
                context = text[max(0, start - 40) : end + 40]
                yield f"{match.group()!r} in {context!r}: {PHRASES[phrase]}"
        if usual := LABELS.get(text.strip().lower()):
            yield f"{text!r} as a label: {usual}"
