"""A local server that speaks the protocols of Segmind and APIMart, so that nothing is spent.

    with Sandbox(speed=20) as sandbox:
        os.environ.update(sandbox.environ)

or, from a shell, `python -m segmind_widgets.sandbox`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segmind_widgets.sandbox.http.faults import Fault
    from segmind_widgets.sandbox.server import Sandbox

__all__ = ["Fault", "Sandbox"]


def __getattr__(name: str) -> Any:
    """Load on first use (PEP 562): a kernel that never starts the sandbox does not pay for it."""
    if name == "Sandbox":
        from segmind_widgets.sandbox.server import Sandbox

        return Sandbox
    if name == "Fault":
        from segmind_widgets.sandbox.http.faults import Fault

        return Fault
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
