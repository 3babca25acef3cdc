"""What a corpus holds: one row a video, its frames, its raw labels; and the version of that layout."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from personas.errors import CorpusError
from personas.schwartz import VALUES

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "COUNTS",
    "LOADINGS",
    "SCHEMA_VERSION",
    "SDS",
    "TEXTS",
    "FrameRef",
    "Space",
    "VideoRow",
    "codes_schema",
    "frames_schema",
    "gold_schema",
    "spaces_of",
    "videos_schema",
    "words_of",
]

SCHEMA_VERSION = 1

LOADINGS: tuple[str, ...] = VALUES
"""The columns of the loadings: SD ST HE AC PO SE CO TR BE UN."""

SDS: tuple[str, ...] = tuple(f"{value}_sd" for value in VALUES)
"""The columns of the loadings' standard deviations: SD_sd … UN_sd."""

COUNTS: tuple[str, ...] = ("likes", "views", "comments", "shares")

TEXTS: tuple[str, ...] = ("platform", "url", "caption", "author", "sound", "topic", "language", "licence", "transcript")
"""Columns of words, empty where unknown."""

_VERSION_KEY, _TEXT_KEY, _IMAGE_KEY = b"axiofeed.schema", b"axiofeed.text_space", b"axiofeed.image_space"


@dataclass(frozen=True)
class Space:
    """An embedding space: the embedder's name as typed, and its number of dimensions."""

    name: str
    dim: int

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise CorpusError(f"an embedder needs at least one dimension; {self.name} has {self.dim}")


@dataclass(frozen=True)
class FrameRef:
    """Which picture of a video: the SHA-256 (hex) of its JPEG, and its time `t` in the clip in seconds."""

    sha256: str
    t: float


@dataclass(frozen=True, kw_only=True)
class VideoRow:
    """One video, in the columns of the table `videos`; see docs/corpus.md for their meaning.

    `phash` holds 64-bit hashes, signed or not (they are stored signed). A vector of zeros (a text without a known word) is stored as
    null: no search by vector finds it. `loadings` in [-1, 1] and `loadings_sd` by value code; what is left out is null.
    """

    id: str
    content: str
    platform: str = ""
    url: str = ""
    caption: str = ""
    author: str = ""
    sound: str = ""
    topic: str = ""
    language: str = ""
    licence: str = ""
    transcript: str = ""
    hashtags: Sequence[str] = ()
    posted: date | None = None
    duration_s: float = 0.0
    width: int = 0
    height: int = 0
    likes: int | None = None
    views: int | None = None
    comments: int | None = None
    shares: int | None = None
    source: str = ""
    path: str = ""
    frames: Sequence[FrameRef] = ()
    phash: Sequence[int] = ()
    text_vector: Sequence[float] | NDArray[Any] | None = field(default=None, repr=False, compare=False)
    image_vector: Sequence[float] | NDArray[Any] | None = field(default=None, repr=False, compare=False)
    twins: str | None = None
    stratum: str | None = None
    near_duplicate: str | None = None
    loadings: Mapping[str, float | None] = field(default_factory=dict)
    loadings_sd: Mapping[str, float | None] = field(default_factory=dict)
    labels_source: str = ""


def words_of(row: VideoRow) -> str:
    """All words of a video in one text, a line each: what full-text search and the text embedder read."""
    tags = " ".join(f"#{tag.removeprefix('#')}" for tag in row.hashtags)
    parts = (row.caption, tags, row.transcript, row.topic, row.sound, row.author)
    return "\n".join(part for part in parts if part.strip())


def videos_schema(text: Space, image: Space | None = None) -> pa.Schema:
    """The Arrow schema of `videos`, with the layout's version and both embedding spaces in its metadata."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    frame = pa.struct([pa.field("sha256", pa.string()), pa.field("t", pa.float64())])
    fields = [
        pa.field("id", pa.string(), nullable=False),
        pa.field("content", pa.string(), nullable=False),
        *(pa.field(name, pa.string()) for name in TEXTS),
        pa.field("hashtags", pa.list_(pa.string())),
        pa.field("posted", pa.date32()),
        pa.field("duration_s", pa.float64()),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        *(pa.field(name, pa.int64()) for name in COUNTS),
        pa.field("source", pa.string()),
        pa.field("path", pa.string()),
        pa.field("frames", pa.list_(frame)),
        pa.field("phash", pa.list_(pa.int64())),
        pa.field("words", pa.string()),
        pa.field("text_vector", pa.list_(pa.float32(), text.dim)),
        *([] if image is None else [pa.field("image_vector", pa.list_(pa.float32(), image.dim))]),
        *(pa.field(name, pa.string()) for name in ("twins", "stratum", "near_duplicate")),
        *(pa.field(name, pa.float32()) for name in (*LOADINGS, *SDS)),
        pa.field("labels_source", pa.string()),
        pa.field("added", pa.timestamp("us", tz="UTC")),
    ]
    metadata = {_VERSION_KEY: str(SCHEMA_VERSION).encode(), _TEXT_KEY: _space_json(text)}
    if image is not None:
        metadata[_IMAGE_KEY] = _space_json(image)
    return pa.schema(fields, metadata=metadata)


def frames_schema() -> pa.Schema:
    """The Arrow schema of `frames`: one JPEG a row, by the SHA-256 of its bytes."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    return pa.schema([pa.field("sha256", pa.string(), nullable=False), pa.field("jpeg", pa.large_binary(), nullable=False)])


def codes_schema() -> pa.Schema:
    """The Arrow schema of `codes`: raw labels, one code a row. `kind` is "judge" or "gold", `code` in {-1, 0, 1, 2}."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    texts = [pa.field(name, pa.string(), nullable=False) for name in ("video", "rater", "kind")]
    return pa.schema(
        [
            *texts,
            pa.field("cell", pa.int32()),
            pa.field("value", pa.string(), nullable=False),
            pa.field("code", pa.float32()),
            pa.field("evidence", pa.string()),
            pa.field("session", pa.string()),
        ]
    )


def gold_schema() -> pa.Schema:
    """The Arrow schema of `gold_sample`: the videos that people label, each with its inclusion probability in (0, 1]."""
    import pyarrow as pa  # noqa: PLC0415 - an extra

    return pa.schema(
        [
            pa.field("video", pa.string(), nullable=False),
            pa.field("inclusion", pa.float64(), nullable=False),
            pa.field("stratum", pa.string()),
            pa.field("seed", pa.int64()),
        ]
    )


def spaces_of(metadata: Mapping[bytes, bytes] | None, where: str) -> tuple[Space, Space | None]:
    """The text and image spaces in a schema's metadata. Raises CorpusError for what is no corpus, or one of another version."""
    found = dict(metadata or {})
    version = found.get(_VERSION_KEY, b"").decode("ascii", "replace")
    if not version.isdigit():
        raise CorpusError(f"{where} is a LanceDB database but no corpus of axiofeed; name another folder")
    if int(version) > SCHEMA_VERSION:
        raise CorpusError(f"{where} was written by a newer axiofeed (layout {version}, here {SCHEMA_VERSION}); upgrade axiofeed")
    if int(version) < SCHEMA_VERSION:
        raise CorpusError(f"{where} has layout {version}, here {SCHEMA_VERSION}; add its videos again to a new corpus")
    try:
        text = _space(found[_TEXT_KEY])
        image = _space(found[_IMAGE_KEY]) if _IMAGE_KEY in found else None
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{where} does not say which embedder it was made with; add its videos again to a new corpus") from error
    return text, image


def _space_json(space: Space) -> bytes:
    return json.dumps({"name": space.name, "dim": space.dim}).encode()


def _space(stored: bytes) -> Space:
    found = json.loads(stored)
    return Space(str(found["name"]), int(found["dim"]))
