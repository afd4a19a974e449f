"""The names in a reply: those of results, those of facts about them, and those of neither."""

from __future__ import annotations

import re
from collections.abc import Mapping

from segmind_widgets.providers._facts import ID_NAMES


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# names whose value is the result, or holds it, and which say nothing about it; in this order
PLAIN = ("output", "outputs", "result", "results", "data", "generation", "generations", "artifacts",
         "images", "videos", "audios", "files", "items", "url", "urls", "uri", "value", "values",
         "b64_json", "base64", "b64", "src")  # fmt: skip
KINDS: Mapping[str, str] = {
    "image": "image/png", "images": "image/png", "b64_json": "image/png", "video": "video/mp4",
    "videos": "video/mp4", "audio": "audio/mpeg", "audios": "audio/mpeg",
}  # fmt: skip
TYPE_NAMES = ("content_type", "mime_type", "mimeType", "media_type", "contentType")
ENVELOPE = ("output", "outputs", "result", "results", "data", "response", "text", "answer")
DATA_TYPES = _names("""
    text string str json object number integer int float boolean bool array list markdown html code
""")  # declared types of words and data
WORD_NAMES = _names("""
    text response answer output_text generated_text completion caption transcript transcription
    content
""")  # names of words
_FILES = _names("""
    image video audio file mask thumbnail preview cover poster mesh model_mesh model_glb glb gltf
    obj texture animation gif music song speech voice depth depth_map normal_map last_frame
    first_frame cutout foreground background img picture photo output_image output_video
    output_audio
""")
# what begins a name of an address that is no result: the service's own, an input's, or a link
_OTHER_ADDRESSES = _names("""
    poll polling status response cancel webhook callback stream events get next previous self docs
    documentation doc help support billing dashboard console page web website homepage home profile
    site source reference input ref init start end origin referrer model license terms policy upload
    share wiki blog link more info
""")
_NO_RESULTS = _names("""
    input inputs request request_body parameters payload prompt citations citation links link
    sources references annotations grounding grounding_metadata grounding_chunks search_results
    web_search error errors logs metrics timings usage reasoning task_info urls_for homepage website
    source reference
""")
_METADATA = _names("""
    status state success ok code message msg object type role keyname name model model_name created
    created_at updated_at completed_at started_at expires_at finished_at seed seeds prompt width
    height content_type mime_type media_type file_name filename file_size size format duration fps
    metrics timings usage cost credits index progress warnings has_nsfw_concepts nsfw
    nsfw_content_detected is_nsfw finish_reason revised_prompt logs error version input inputs
    estimated_time actual_time task_info
""")
_URL_NAME = re.compile(r"(?P<stem>.*?)_?(url|uri)s?")


def snake(name: object) -> str:
    """Return a name in lower case with underscores: `imageUrl` is `image_url`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", str(name)[:200]).lower().replace("-", "_")


def role_of(name: object) -> str | None:
    """Return the name of the results under a name of a reply: "" for a plain one; None: no place.

    `output` is "", `mask` and `mask_url` are "mask", `poll_url` and `citations` are None.
    """
    plain = snake(name)
    if plain in _NO_RESULTS:
        return None
    if plain in PLAIN:
        return ""
    if plain in _FILES:
        return plain
    match = _URL_NAME.fullmatch(plain)
    if not match:
        return None
    stem = match["stem"]
    return None if stem.partition("_")[0] in _OTHER_ADDRESSES else "" if stem in PLAIN else stem


def is_link(name: object) -> bool:
    """Return whether an address under a name leads elsewhere, and to no result: `homepage`."""
    return snake(name).partition("_")[0] in _OTHER_ADDRESSES


def kind_of(name: object) -> str:
    """Return the media type that a name of a place promises, or ""."""
    return KINDS.get(snake(name), "")


def is_fact(name: object) -> bool:
    """Return whether the value under a name is about the run or its files, and no data of its own.

    These are ids, status words, facts such as `width`, and addresses that are no results.
    """
    plain = snake(name)
    if plain in _METADATA or plain in _NO_RESULTS or name in ID_NAMES or plain in ID_NAMES:
        return True
    return bool(_URL_NAME.fullmatch(plain)) and role_of(plain) is None
