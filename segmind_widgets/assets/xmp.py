"""XMP packets: add a recipe and its digital source type, read the recipe, remove both.

ISO 16684-1 (XMP), IPTC Photo Metadata Standard 2023.2 (digital source type). All bytes of another
program's packet are kept: our properties go into an additional `rdf:Description` at the end of its
`rdf:RDF`. A property that the packet already has is neither changed nor written a second time.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

NAMESPACE = "https://github.com/segmind-widgets/segmind-widgets/ns/1.0/"
OURS = "segmind-widgets"  # how `Properties.creator_tool` begins
PACKET_LIMIT = 1_000_000  # bytes: a longer packet is not read

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_DC = "http://purl.org/dc/elements/1.1/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_META = "adobe:ns:meta/"

# Expat joins a namespace and a name with a space.
_RECIPE, _SOURCE_TYPE = f"{NAMESPACE} recipe", f"{_IPTC} DigitalSourceType"
_DESCRIPTION, _CREATOR_TOOL = f"{_DC} description", f"{_XMP} CreatorTool"
_NAMES = (_RECIPE, _SOURCE_TYPE, _DESCRIPTION, _CREATOR_TOOL)

_DEPTH_LIMIT = 100  # elements in elements
_ELEMENT_LIMIT = 20_000
# of our own rdf:Description; it differs after another program has rewritten the packet
_OPENING = (
    f'<rdf:Description xmlns:rdf="{_RDF}" xmlns:segmind_widgets="{NAMESPACE}"'
    f' xmlns:Iptc4xmpExt="{_IPTC}" xmlns:dc="{_DC}" xmlns:xmp="{_XMP}" rdf:about='
)
_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="{_META}">\n<rdf:RDF xmlns:rdf="{_RDF}">\n'
    '{}</rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>'
)
_TAG_NAME = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_TAG = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")


class Properties(NamedTuple):
    """The properties that a picture gets: `recipe` is JSON, `source_type` a URI of IPTC's."""

    recipe: str
    source_type: str
    description: str
    creator_tool: str


@dataclass
class _Property:
    """A property of a node: an element, or an attribute of the node's own tag."""

    name: str
    start: int
    end: int = 0
    text: str = ""


@dataclass
class _Node:
    """An `rdf:Description`, or another node directly in `rdf:RDF`."""

    start: int
    about: str
    end: int = 0
    properties: list[_Property] = field(default_factory=list[_Property])


class Packet:
    """An XMP packet, parsed.

    Raises:
        ValueError: it is longer than `PACKET_LIMIT`, not UTF-8, not well-formed, too deep or has
            too many elements; has a document type (which could define entities); or has content but
            no `rdf:RDF`.
    """

    def __init__(self, data: bytes) -> None:
        if len(data) > PACKET_LIMIT:
            raise ValueError("the packet is too long")
        self._data = data
        scan = _Scan(data)
        self._nodes, self._insertion_point = scan.nodes, scan.insertion_point
        self._drops: list[tuple[int, int]] = []  # the bytes of our properties
        self._others: set[str] = set()  # names of the properties that others wrote
        for node in self._nodes:
            self._sort(node)

    @staticmethod
    def new(properties: Properties) -> bytes:
        """Return a packet with nothing but these properties."""
        return _PACKET.format(_block(properties, frozenset(), "")).encode()

    def _sort(self, node: _Node) -> None:
        """Separate our properties, in our own or another program's node, from all others."""
        if self._data.startswith(_OPENING.encode(), node.start):
            newline = self._data[node.end : node.end + 1] == b"\n"
            self._drops.append((node.start, node.end + newline))
            return
        texts = {item.name: item.text for item in node.properties}
        names = {_RECIPE}
        if _RECIPE in texts and texts.get(_CREATOR_TOOL, "").startswith(OURS):
            names |= {_DESCRIPTION, _CREATOR_TOOL}
        for item in node.properties:
            if item.name in names:
                self._drops.append((item.start, item.end))
            else:
                self._others.add(item.name)

    @property
    def recipe(self) -> str | None:
        """Return the JSON of the recipe; None where there is none."""
        items = (item for node in self._nodes for item in node.properties)
        return next((item.text for item in items if item.name == _RECIPE), None)

    def with_recipe(self, properties: Properties) -> bytes:
        """Return the packet with our present properties replaced by these."""
        if self._insertion_point is None:
            return self.new(properties)
        block = _block(properties, self._others, self._nodes[0].about)
        return self._edited((self._insertion_point, self._insertion_point, block.encode()))

    def without_recipe(self) -> bytes:
        """Return the packet without our properties; empty if no others are left."""
        starts = {start for start, _ in self._drops}
        if self._nodes and all(node.start in starts for node in self._nodes):
            return b""
        return self._edited()

    def _edited(self, *edits: tuple[int, int, bytes]) -> bytes:
        """Return the bytes without our present properties, with `edits` applied."""
        pieces: list[bytes] = []
        position = 0
        for start, end, new in sorted([*((*drop, b"") for drop in self._drops), *edits]):
            pieces += [self._data[position:start], new]
            position = end
        return b"".join([*pieces, self._data[position:]])


def _block(properties: Properties, others: Set[str], about: str) -> str:
    """Return our `rdf:Description`, without the properties that others wrote."""
    text = escape(properties.description)
    elements = {
        _RECIPE: f"<segmind_widgets:recipe>{escape(properties.recipe)}</segmind_widgets:recipe>",
        _SOURCE_TYPE: f"<Iptc4xmpExt:DigitalSourceType>{escape(properties.source_type)}"
        "</Iptc4xmpExt:DigitalSourceType>",
        _DESCRIPTION: f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li>'
        "</rdf:Alt></dc:description>",
        _CREATOR_TOOL: f"<xmp:CreatorTool>{escape(properties.creator_tool)}</xmp:CreatorTool>",
    }
    lines = [element for name, element in elements.items() if name not in others]
    return "\n".join([f"{_OPENING}{quoteattr(about)}>", *lines, "</rdf:Description>\n"])


class _Scan:
    """One pass of Expat over a packet; afterwards `nodes` and `insertion_point` are set."""

    def __init__(self, data: bytes) -> None:
        self.nodes: list[_Node] = []
        self.insertion_point: int | None = None
        self._data = data
        self._depth = self._elements = 0
        self._rdf_depth: int | None = None
        self._ended = False
        self._text: list[str] | None = None
        parser = self._parser = expat.ParserCreate("utf-8", " ")
        parser.namespace_prefixes = True
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(data.rstrip(b"\0"), True)
        except expat.ExpatError as error:
            raise ValueError(f"the packet is broken: {error}") from None
        if self._rdf_depth is None and self._elements > 1:
            raise ValueError("the packet is not RDF")

    def _refuse_doctype(self, *_: object) -> None:
        raise ValueError("the packet has a document type")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > _DEPTH_LIMIT:
            raise ValueError("the packet is nested too deep")
        if self._elements > _ELEMENT_LIMIT:
            raise ValueError("the packet has too many elements")
        name = _without_prefix(name)
        at = self._parser.CurrentByteIndex
        if name == f"{_RDF} RDF":
            if self._rdf_depth is not None:
                raise ValueError("the packet has two rdf:RDF")
            self._rdf_depth = self._depth
        elif self._rdf_depth is None or self._ended:
            return
        elif self._depth == self._rdf_depth + 1:
            self.nodes.append(self._node(at, attributes))
        elif self._depth == self._rdf_depth + 2:
            self.nodes[-1].properties.append(_Property(name, at))
            self._text = [] if name in _NAMES else None

    def _end(self, _: str) -> None:
        depth, self._depth = self._depth, self._depth - 1
        if self._rdf_depth is None or self._ended:
            return
        if depth == self._rdf_depth:
            self._ended = True
            if self.nodes:  # otherwise there is nothing to keep, and `<rdf:RDF/>` has no content
                self.insertion_point = self._parser.CurrentByteIndex
        elif depth == self._rdf_depth + 1:
            self.nodes[-1].end = self._element_end(self.nodes[-1].start)
        elif depth == self._rdf_depth + 2:
            item = self.nodes[-1].properties[-1]
            item.end, item.text = self._element_end(item.start), "".join(self._text or ())
            self._text = None

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _element_end(self, start: int) -> int:
        """Return the position after the element that began at `start` and now ends."""
        tag_end = self._tag_end(start)
        if self._data[tag_end - 2 : tag_end] == b"/>":
            return tag_end
        return self._data.index(b">", self._parser.CurrentByteIndex) + 1

    def _tag_end(self, start: int) -> int:
        tag = _TAG.match(self._data, start)
        if tag is None:
            raise ValueError("the packet is broken: a tag does not end")
        return tag.end()

    def _node(self, start: int, attributes: dict[str, str]) -> _Node:
        node = _Node(start, "")
        for name, value in attributes.items():
            plain_name = _without_prefix(name)
            if plain_name == f"{_RDF} about":
                node.about = value
            elif plain_name in _NAMES:
                _, local, prefix = name.split(" ")
                place = self._attribute(start, f"{prefix}:{local}".encode())
                node.properties.append(_Property(plain_name, *place, value))
        return node

    def _attribute(self, start: int, name: bytes) -> tuple[int, int]:
        """Return the position of an attribute of the tag at `start`, with the space before it."""
        tag_name = _TAG_NAME.match(self._data, start)
        position = tag_name.end() if tag_name else start
        while match := _ATTRIBUTE.match(self._data, position):  # `search` may take quadratic time
            if match[1] == name:
                return match.span()
            position = match.end()
        raise ValueError("the packet is broken: an attribute is not in its tag")


def _without_prefix(name: str) -> str:
    """Return namespace and local name from Expat's form "namespace local prefix"."""
    return " ".join(name.split(" ")[:2])
