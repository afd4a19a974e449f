"""The magics by subject: read the line, make one call of the client, show what came."""

from __future__ import annotations

from segmind_widgets.magics._notebook import Notebook
from segmind_widgets.magics.account import SegmindAccount
from segmind_widgets.magics.files import SegmindFiles
from segmind_widgets.magics.lists import SegmindLists
from segmind_widgets.magics.panels import SegmindPanels
from segmind_widgets.magics.running import SegmindRunning

__all__ = ["ALL", "Notebook"]

ALL = (SegmindAccount, SegmindFiles, SegmindRunning, SegmindLists, SegmindPanels)
