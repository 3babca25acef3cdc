"""How many bytes a video file says it has: exact where MP4, Matroska/WebM and AVI write it down, so that a cut file is known at a glance.

Layouts: ISO/IEC 14496-12 (boxes), RFC 8794 and RFC 9559 (EBML, Matroska), the AVI RIFF file reference.
"""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from environments.decoding import UnplayableVideo

__all__ = ["declared_bytes"]

_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"mfra", b"styp", b"sidx", b"uuid", b"meta", b"pnot"}
_MOST_BOXES = 10_000  # two a fragment: hours of live recording
_SEGMENT = b"\x18\x53\x80\x67"


def declared_bytes(path: Path) -> int | None:
    """The length in bytes that the file declares for itself; None where its format does not say.

    Raises OSError, and UnplayableVideo for a file of countless boxes, which would take for ever to walk through.
    """
    with path.open("rb") as file:
        head = file.read(12)
        if head[4:8] == b"ftyp":
            return _end_of_boxes(file, path)
        if head[:4] == b"\x1aE\xdf\xa3":
            return _end_of_segment(head + file.read(4096))
        if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
            return 8 + int.from_bytes(head[4:8], "little") or None
    return None


def _end_of_boxes(file: BinaryIO, path: Path) -> int | None:
    """The end of the last of the boxes that follow each other; anything unknown after them does not count."""
    end, size, boxes = 0, path.stat().st_size, 0
    while end < size:
        boxes += 1
        if boxes > _MOST_BOXES:
            raise UnplayableVideo(path.name, f"it is made of more than {_MOST_BOXES} boxes; copy it into a new MP4 file")
        file.seek(end)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if header[4:8] not in _BOXES:
            break
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0: to the end of the file, however long that is
            return None
        end += length
    return end or None


def _end_of_segment(head: bytes) -> int | None:
    """Where the segment that holds everything ends; None for a live recording, which does not know."""
    found = head.find(_SEGMENT)
    if found < 0 or found + 5 > len(head):
        return None
    first = head[found + 4]
    width = 9 - first.bit_length()  # leading zeros of the first byte, plus one
    if not 1 <= width <= 8:
        return None
    value = int.from_bytes(head[found + 4 : found + 4 + width], "big") & ((1 << (7 * width)) - 1)
    unknown = value == (1 << (7 * width)) - 1
    return None if unknown else found + 4 + width + value
