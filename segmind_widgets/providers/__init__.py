"""The services, one module each. A provider prepares calls and parses replies, nothing else."""

from segmind_widgets.providers._base import Provider, origin
from segmind_widgets.providers.apimart import APIMart
from segmind_widgets.providers.segmind import Segmind

PROVIDERS: dict[str, type[Provider]] = {kind.name: kind for kind in (Segmind, APIMart)}

__all__ = ["PROVIDERS", "APIMart", "Provider", "Segmind", "origin"]
