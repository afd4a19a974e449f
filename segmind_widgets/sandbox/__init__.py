"""A local server that implements the Segmind and APIMart protocols, without costs.

Use it from Python:

    with Sandbox(speed=20) as sandbox:
        os.environ.update(sandbox.environ)

or from a shell: `python -m segmind_widgets.sandbox`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segmind_widgets.sandbox.http.faults import Fault
    from segmind_widgets.sandbox.server import Sandbox

__all__ = ["Fault", "Sandbox"]


def __getattr__(name: str) -> Any:
    """Import `Sandbox` and `Fault` on first use (PEP 562), to keep the package import fast."""
    if name == "Sandbox":
        from segmind_widgets.sandbox.server import Sandbox

        return Sandbox
    if name == "Fault":
        from segmind_widgets.sandbox.http.faults import Fault

        return Fault
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
