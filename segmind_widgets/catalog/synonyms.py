"""The tasks of models in the words of people and of other tools, for the search of the catalog.

A model is found by what it does ("upscale", "remove background", "hires fix") although its name
says it in another way, or not at all ("esrgan"). Words are compared by their stems.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

ALONE = "*"  # a mark: the modality alone makes a model fit

# Modalities (`catalog.kinds`) | what people type | what a model's name or description says.
_TABLE = """
image video | upscale, enlarge, super resolution, superresolution, hires fix, hi res, high res fix,
  increase resolution, super zoom, super scale, make bigger, extras, 4x, sharpen, unblur, deblur
  | upscale, enlarge, super resolution, increase resolution, esrgan, supir, flashvsr
image video | remove background, remove bg, background eraser, cutout, cut out, rembg, rmbg,
  matting, transparent background, transparent png, isolate subject, green screen,
  chroma key, bg remover
  | remove background, bg remove, bg removal, rmbg, cutout, cut out subject,
  transparent background, extract object
image | replace background, change background, swap background, new background, background generator
  | replace background, generate background, another background
image inpaint | inpaint, generative fill, gen fill, fill, magic edit, vary region, retouch,
  fix part, brush edit, mask edit, content aware fill | inpaint, fill
image | outpaint, uncrop, expand, extend image, generative expand, magic expand, zoom out, reframe,
  pan | outpaint, expand, reframe, beyond
image video | object removal, remove object, eraser, magic eraser, erase, heal, spot healing,
  clone stamp, content aware, cleanup, clean up, remove tool, remove person, remove people,
  remove watermark | eraser, erase, object removal, remove object
image video | faceswap, face swap, swap face, replace face, head swap, reactor, roop, deepfake
  | faceswap, face swap, faceswapper
image | restore face, face restoration, old photo, restore photo, gfpgan, face enhancer, adetailer,
  fix face, face fix | codeformer, face detailer, restoration
image video | enhance, photo enhancer, improve quality, denoise, remove noise, noise reduction
  | enhance, supir, topaz, upscale, flashvsr
image | same face, face id, faceid, keep face, consistent face, my face, selfie, headshot,
  identity | instantid, pulid, infinite you, face to many, consistent character, omni zero
image | consistent character, character reference, cref, omni reference, same character
  | consistent character, character, instantid, pulid
image | sticker, emoji | sticker, face to many
image | cartoon, caricature, cartoonize, toon, comic | caricature, face to many, comic, sticker
image | style transfer, style reference, sref, neural filter, restyle, ipadapter, ip adapter
  | style transfer, ipadapter, ip adapter, style
image | relight, change light, light, lighting effect | relight, ic light
image inpaint video | try on, tryon, virtual fitting, clothes, outfit, dress, fashion, garment,
  change clothes | try on, tryon, vton, segfit, fitting
image | product photo, product shot, packshot, ecommerce, mockup, studio shot
  | product, packshot, scenecraft
image | canny, edge, sketch to image, scribble, line art, lineart, controlnet, sketch
  | canny, scribble, soft edge, controlnet
image | pose, openpose, body pose | pose, openpose
image | depth, depth map | depth
image | variation, remix, vary, reimagine | redux, remix, variation
image | img2img, image to image, edit image, photo editor, edit photo, edit by text, instruct edit
  | img2img, edit, kontext, image to image, *
image | txt2img, text to image, image generator, draw, paint, illustration, imagine, magic media
  | text to image, *
image | logo, lettering, typography, poster, text in image, write text
  | ideogram, recraft, lettering, legible text, text render
image vision video | segment, segmentation, mask, select subject, object selection, magic wand,
  quick selection, segment anything, sam | segment anything, sam, sam3, mask, segment
image | qr code, qrcode, illusion | illusion, qrcode, qr code
image | layers, split layers | layer
animate | img2vid, image to video, i2v, animate image, animate, photo to video, bring to life,
  animate photo, moving photo, motion brush, svd
  | image to video, image2video, i2v, animate, bring to life, *
video | txt2vid, text to video, t2v, video generator, film, movie, clip, ai video
  | text to video, text2video, t2v, *
video animate | lip sync, lipsync, talking head, talking photo, talking avatar, avatar, presenter,
  speaking photo, dubbing, dub, digital human
  | lipsync, lip sync, sadtalker, talk, avatar, hallo, fabric, dubbing
video animate | motion transfer, motion control, motion capture, animate character, mimic
  | motion control, mimic, animate, live portrait, scail
video animate | subtitle, caption video, auto caption | subtitle, caption
video animate | extend video, continue video, longer video | extend
video animate | edit video, restyle video, video editor, video to video, vid2vid
  | edit, modify video, aleph, video to video, video2video, retake
video animate | transition, start end frame, first last frame, keyframe
  | transition, first last frame, first frame
audio | tts, text to speech, speech, narrate, narration, read aloud, voiceover, voice over, say,
  speak, voice generator | tts, text to speech, speech, speak, *
audio | clone voice, voice cloning, my voice, copy voice | clone, openvoice, myshell, chatterbox,
  create voice, recording
audio | music, song, sing, soundtrack, compose, melody, beat, lyrics, jingle, background music
  | music, musicgen, lyria, sonilo
audio | sound effect, sfx, foley, sound | sound, sound effect, sonilo
audio | isolate voice, vocal remover, stem separation, noise removal, remove noise, karaoke,
  isolate sound | isolate, isolation, sam audio
transcribe audio | transcribe, transcription, speech to text, stt, whisper, dictation, audio to text
  | transcript, transcribe, whisper
vision | describe, caption, caption image, interrogate, clip interrogator, image to prompt,
  image to text, alt text, ocr | describe, llava, caption, *
text llm | chat, chatbot, assistant, write text, summarize, coding, code, reason, answer | chat, *
text llm vision | translate, translation | translate
embed | embedding, vector, semantic search, rag | embed, *
3d | 3d, mesh, image to 3d, 3d model, glb, text to 3d | 3d, *
"""
_FILLERS = frozenset(re.findall(r"\w+", """
a ai an and any app creator for from generator in into it maker model models my of on or please
that the this tool tools with your
"""))  # fmt: skip
# the longest first
_SUFFIXES = re.findall(r"\w+", """
izations ization ations ation ements ement ments ating ated ates ate izing ized izes izer ize ings
ing ions ion ment ers er ed als al es e s
""")  # fmt: skip
_LEAST = 3  # letters of a stem
_GAP = 1  # words that may stand between those of a phrase in a description

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """What a model can be for.

    `kinds` are modalities; one of them must be the model's. `queries` are phrases that a person
    types, `marks` those that a model's text has, both as stems. `is_kind` says that the modality
    is enough.
    """

    kinds: frozenset[str]
    queries: tuple[Phrase, ...]
    marks: tuple[Phrase, ...]
    is_kind: bool

    def in_title(self, title: Sequence[str]) -> bool:
        """Return whether the stems of a name say this task."""
        return any(_is_in(mark, title) for mark in self.marks)

    def in_text(self, text: Sequence[str]) -> bool:
        """Return whether the stems of a description say this task, in words that stand together."""
        return any(_together(mark, text) for mark in self.marks)


@cache
def tasks() -> tuple[Task, ...]:
    """Return all tasks of the table."""
    entries = re.findall(r"(?m)^(\S.*(?:\n .*)*)", _TABLE)
    return tuple(_task(*entry.split("|")) for entry in entries)


@lru_cache(maxsize=512)
def named(words: Phrase) -> tuple[tuple[Task, frozenset[str]], ...]:
    """Return each task that the stems of a query name, with the stems that name it.

    A phrase that is a part of another task's does not count: "speech" in "speech to text".
    """
    matches = [
        (task, phrase) for task in tasks() for phrase in task.queries if _is_in(phrase, words)
    ]
    whole = [
        (task, phrase)
        for task, phrase in matches
        if not any(set(phrase) < set(longer) and task is not other for other, longer in matches)
    ]
    return tuple(
        (task, frozenset(part for other, phrase in whole if other is task for part in phrase))
        for task in dict.fromkeys(task for task, _ in whole)
    )


def says(query: Phrase, text: Phrase) -> bool:
    """Return whether a text has all stems of a query."""
    return bool(query) and _is_in(query, text)


@lru_cache(maxsize=8192)
def stems(text: str) -> Phrase:
    """Return the stems of a text's words, without those that say nothing, such as "the"."""
    words = re.findall(r"[^\W_]+", text.lower())
    return tuple(stem(word) for word in words if word not in _FILLERS)


def stem(word: str) -> str:
    """Return a word in lower case without its ending: `remov` of remove, remover and removal."""
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _LEAST:
            word = word.removesuffix(suffix)
            break
    doubled = len(word) > _LEAST and word[-1] == word[-2] and word[-1] not in "aeiouls"
    return word[:-1] if doubled else word  # swapping, swap


def _task(kinds: str, queries: str, marks: str) -> Task:
    listed = [mark.strip() for mark in marks.split(",")]
    return Task(
        frozenset(kinds.split()),
        tuple(stems(query) for query in queries.split(",")),
        tuple(stems(mark) for mark in listed if mark != ALONE),
        ALONE in listed,
    )


def _is_in(phrase: Phrase, words: Sequence[str]) -> bool:
    """Return whether words have all of a phrase; one with "to" stands together, in its order."""
    if "to" in phrase:  # text to speech is not speech to text
        return f" {' '.join(phrase)} " in f" {' '.join(words)} "
    return set(phrase) <= set(words)


def _together(phrase: Phrase, text: Sequence[str]) -> bool:
    width = len(phrase) + (_GAP if len(phrase) > 1 else 0)
    return any(_is_in(phrase, text[i : i + width]) for i in range(len(text)))
