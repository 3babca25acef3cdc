"""The words on the screen as the browser's accessibility tree holds them, in reading order: what is read out of what can be seen.

Both the tree and the boxes that tell what is on the screen are the browser's own, not the page's script: a page cannot answer for them.
The words themselves are the page's: data.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from personas.one_line import one_line

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["screen_words"]

_PATIENCE_S = 10.0
_LIMIT = 2000
_LINE_LIMIT = 300
_SEEN = 0.5  # share of a box that has to be on the screen
_TINY_PX = 2.0  # what is for assistive technology alone is often hidden in a box of one pixel
_SAME_ROW_PX = 12.0  # between pieces of one line

_NAMED = frozenset(
    ("button", "link", "image", "checkbox", "switch", "radio", "tab", "menuitem", "textbox", "searchbox", "combobox", "slider")
)
"""What is seen as a picture or a shape: where it holds no text, its name stands for it. Names of regions are not on the screen."""


@dataclass(frozen=True)
class _Box:
    """In CSS pixels of the document."""

    x: float
    y: float
    width: float
    height: float

    def seen_in(self, view: _Box) -> bool:
        across = min(self.x + self.width, view.x + view.width) - max(self.x, view.x)
        down = min(self.y + self.height, view.y + view.height) - max(self.y, view.y)
        return across > 0 and down > 0 and across * down >= _SEEN * self.width * self.height

    def follows(self, before: _Box) -> bool:
        """Whether it stands to the right of `before` in the same line of text."""
        apart = abs(self.y + self.height / 2 - before.y - before.height / 2)
        return apart < min(self.height, before.height) / 2 and -1 <= self.x - before.x - before.width < _SAME_ROW_PX


async def screen_words(page: Page, limit: int = _LIMIT) -> str:
    """What can be read on the screen now, line by line, each once, at most `limit` characters. Empty when the browser does not tell."""
    from playwright.async_api import Error  # noqa: PLC0415 - loaded with the browser

    size = page.viewport_size or {"width": 0, "height": 0}
    try:
        async with asyncio.timeout(_PATIENCE_S):
            spoken, drawn = await _asked(page)
    except (Error, TimeoutError):
        return ""
    document = drawn["documents"][0]
    view = _Box(document.get("scrollOffsetX", 0.0), document.get("scrollOffsetY", 0.0), size["width"], size["height"])
    boxes = {node: box for node, box in _boxes(document) if box.seen_in(view)}
    said = "\n".join(dict.fromkeys(_lines(_pieces(spoken["nodes"]), boxes)))
    return said if len(said) <= limit else said[: limit - 1] + "…"


async def _asked(page: Page) -> tuple[dict[str, Any], dict[str, Any]]:
    """The accessibility tree, and where everything is drawn, by Chromium's own protocol."""
    session = await page.context.new_cdp_session(page)
    try:
        tree, snapshot = session.send("Accessibility.getFullAXTree"), session.send("DOMSnapshot.captureSnapshot", {"computedStyles": []})
        spoken, drawn = await asyncio.gather(tree, snapshot)
        return spoken, drawn
    finally:
        await session.detach()


def _boxes(document: Mapping[str, Any]) -> Iterator[tuple[int, _Box]]:
    """Every drawn node by its number, but for those within a box that is too small to be read."""
    nodes, layout = document["nodes"], document["layout"]
    drawn = {index: _Box(*bounds) for index, bounds in zip(layout["nodeIndex"], layout["bounds"], strict=True)}
    for index, box in drawn.items():
        around = drawn.get(nodes["parentIndex"][index])
        if around is None or min(around.width, around.height) > _TINY_PX:
            yield nodes["backendNodeId"][index], box


def _pieces(nodes: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, str]]:
    """Node number and words of every piece of text, and of every picture or button without text, in reading order."""
    known = {node["nodeId"]: node for node in nodes}
    speaking = _with_text(known)
    pending = [node["nodeId"] for node in reversed(nodes) if node.get("parentId") not in known]
    while pending:
        node = known.pop(pending.pop(), None)
        if node is None:
            continue
        pending.extend(reversed(node.get("childIds", ())))
        words = one_line(" ".join(str(node.get("name", {}).get("value") or "").split()), _LINE_LIMIT)
        told = _role(node) == "StaticText" or (_role(node) in _NAMED and node["nodeId"] not in speaking)
        if words and told and "backendDOMNodeId" in node:
            yield node["backendDOMNodeId"], words


def _with_text(known: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """The nodes that have text below them."""
    found: set[str] = set()
    for node in known.values():
        above = str(node.get("parentId", "")) if _role(node) == "StaticText" else ""
        while above in known and above not in found:
            found.add(above)
            above = str(known[above].get("parentId", ""))
    return found


def _role(node: Mapping[str, Any]) -> str:
    return "" if node.get("ignored") else str(node.get("role", {}).get("value", ""))


def _lines(pieces: Iterator[tuple[int, str]], boxes: Mapping[int, _Box]) -> Iterator[str]:
    """The pieces that are on the screen, those of one line of text together."""
    line, last = "", _Box(0, 0, 0, 0)
    for node, words in pieces:
        box = boxes.get(node)
        if box is None:
            continue
        if line and box.follows(last):
            line = f"{line} {words}"
        else:
            if line:
                yield line
            line = words
        last = box
    if line:
        yield line
