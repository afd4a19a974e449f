"""Load the extension into an IPython shell, and unload it."""

from __future__ import annotations

from functools import partial
from typing import Any

from IPython.core.interactiveshell import InteractiveShell

from segmind_widgets import waiting
from segmind_widgets.client import SegmindClient
from segmind_widgets.notebook.magics import SegmindMagics
from segmind_widgets.notebook.magics.running import CheckName, without_body
from segmind_widgets.notebook.startup import IdleImports

LIVE_TYPES = (("segmind_widgets.jobs.job", "Job"), ("segmind_widgets.batches.batch", "Batch"))


def load(shell: InteractiveShell) -> None:
    """Register the magics, `%config SegmindClient`, completion, and the display of jobs.

    Does nothing if the extension is loaded already, for example by a configuration file.
    """
    if SegmindMagics.__name__ in shell.magics_manager.registry:
        return
    client = SegmindClient.instance(parent=shell)
    magics = SegmindMagics(shell, client)
    shell.register_magics(magics)
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        _use_kernel(kernel, magics)
    shell.input_transformers_cleanup.extend([CheckName(shell), without_body])
    if client not in shell.configurables:
        configurables: list[Any] = shell.configurables
        configurables.append(client)
    matcher = _matcher(client)
    if matcher is not None and shell.Completer is not None:
        shell.Completer.custom_matchers.append(matcher)
    formatter = _display_formatter(shell)
    for kind in LIVE_TYPES:
        formatter.for_type_by_name(*kind, partial(_show, magics))


def unload(shell: InteractiveShell) -> None:
    """Remove everything that `load` added and stop watching jobs; they continue."""
    _unregister(shell)
    waiting.set_server(None)
    transformers = shell.input_transformers_cleanup
    for one in [t for t in transformers if t is without_body or isinstance(t, CheckName)]:
        transformers.remove(one)
    matchers = getattr(shell.Completer, "custom_matchers", None) or []
    for matcher in [m for m in matchers if hasattr(m, "segmind_widgets")]:
        matchers.remove(matcher)
    formatter = _display_formatter(shell)
    for name in LIVE_TYPES:
        formatter.deferred_printers.pop(name, None)
    for kind in [k for k in formatter.type_printers if (k.__module__, k.__name__) in LIVE_TYPES]:
        formatter.pop(kind)
    if SegmindClient.initialized():
        client = SegmindClient.instance()
        if client in shell.configurables:
            shell.configurables.remove(client)
        client.close()
        SegmindClient.clear_instance()


def _use_kernel(kernel: Any, magics: SegmindMagics) -> None:
    """Let waiting cells handle messages of our widgets, and an idle kernel import modules."""
    from segmind_widgets.notebook.kernel_messages import KernelMessages

    waiting.set_server(KernelMessages(kernel))
    magics.idle_imports = IdleImports(magics.shell, kernel)


def _unregister(shell: InteractiveShell) -> None:
    ours = shell.magics_manager.registry.pop(SegmindMagics.__name__, None)
    if ours is not None:
        ours.close()
        if ours in shell.configurables:
            shell.configurables.remove(ours)
    for kind in ("line", "cell"):
        magics = shell.magics_manager.magics[kind]
        for name in [name for name in magics if name.startswith("segmind_")]:
            del magics[name]


def _display_formatter(shell: InteractiveShell) -> Any:
    """Return the formatter of objects that display themselves; IPython's traits have no types."""
    formatter: Any = shell.display_formatter
    return formatter.ipython_display_formatter


def _show(magics: SegmindMagics, thing: Any) -> None:
    if type(thing).__name__ == "Job":
        magics.display.is_shown(thing)
    else:
        magics.run_command.many.show(thing)


def _matcher(client: SegmindClient) -> Any:
    """Return a completer of the magics' lines, or None below IPython 8.6, such as on Colab."""
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        return None

    @context_matcher(identifier="segmind_widgets")
    def match(context: Any) -> dict[str, Any]:
        text = context.full_text
        if "%segmind_" not in text:
            return {"completions": []}
        from segmind_widgets.notebook.arguments import PARSERS
        from segmind_widgets.notebook.completion import Completion

        parsers = {name: parser() for name, parser in PARSERS.items()}
        words = {name: parser.options for name, parser in parsers.items()}
        values = {name: parser.values for name, parser in parsers.items()}
        before = "\n".join(text.split("\n")[: context.cursor_line])
        cursor = len(before) + bool(context.cursor_line) + context.cursor_position
        fragment, matches = Completion(client, words, values).matches(text, cursor)
        completions = [SimpleCompletion(text=word, type="segmind") for word in matches]
        result: dict[str, Any] = {"completions": completions, "matched_fragment": fragment}
        return {**result, "suppress": bool(matches)}

    matcher: Any = match
    matcher.segmind_widgets = True  # `unload` finds it by this mark
    return matcher
