"""Providers turn requests into calls and replies into states; they neither send nor wait.

To add one: a module with a subclass of `Provider` (the recipe is in `_base.py`), and its class in
`PROVIDERS` below.
"""

from segmind_widgets.providers._base import Provider, origin
from segmind_widgets.providers.apimart import APIMart
from segmind_widgets.providers.segmind import Segmind

PROVIDERS: dict[str, type[Provider]] = {kind.name: kind for kind in (Segmind, APIMart)}

__all__ = ["PROVIDERS", "APIMart", "Provider", "Segmind", "origin"]
