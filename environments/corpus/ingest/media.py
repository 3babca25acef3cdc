"""From a source's media to pictures: what a decoding process does for one video."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from environments.corpus.ingest.offers import ClipMedia, FileMedia, LinkMedia, Media, RecordedMedia
from environments.corpus.ingest.perceptual_hash import perceptual_hash
from environments.corpus.ingest.reading import Read, read_video
from environments.decoding import UnplayableVideo
from personas.errors import AxiofeedError

__all__ = ["Answer", "Unread", "hashed", "read_media"]

_CHUNK = 2**20


@dataclass(frozen=True)
class Unread:
    """A video that cannot be used, and the reason on one line."""

    reason: str


@dataclass(frozen=True)
class Answer:
    """What was read, and the file it was read from, None where there are only pictures."""

    read: Read
    path: Path | None


def read_media(media: Media, frames: int, max_duration_s: float) -> Answer | Unread:
    """Pictures and facts of one video. Blocks for as long as decoding takes; whatever is wrong with it is the answer."""
    try:
        match media:
            case FileMedia(path):
                return Answer(read_video(path, frames, max_duration_s), path)
            case ClipMedia():
                from environments.catalogue.render import render  # noqa: PLC0415 - the drawing library loads when used

                path = render(media.clip, media.cache_dir)
                return Answer(read_video(path, frames, max_duration_s), path)
            case RecordedMedia():
                return _recorded(media, frames, max_duration_s)
            case LinkMedia():
                raise ValueError("an address must be fetched before it is read")
    except UnplayableVideo as error:
        return Unread(error.reason)
    except AxiofeedError as error:
        return Unread(str(error))
    except (OSError, MemoryError) as error:
        return Unread(f"it cannot be read ({getattr(error, 'strerror', None) or type(error).__name__})")


def hashed(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _recorded(media: RecordedMedia, frames: int, max_duration_s: float) -> Answer | Unread:
    from environments.recorded.layout import media_path  # noqa: PLC0415 - loads when used
    from environments.recorded.reading import read_picture  # noqa: PLC0415

    if media.item.media is not None and (path := media_path(media.folder, media.item.media)).is_file():
        return Answer(read_video(path, frames, max_duration_s), path)
    found = [read_picture(media.folder, frame) for frame in media.item.frames]
    wrong = next((each for each in found if isinstance(each, str)), None)
    if wrong is not None:
        return Unread(wrong)
    pictures = tuple(each for each in found if not isinstance(each, str))
    width, height = _size(pictures[0].jpeg)
    hashes = tuple(perceptual_hash(frame.jpeg) for frame in pictures)
    return Answer(Read(media.item.duration_s, width, height, pictures, hashes), None)


def _size(jpeg: bytes) -> tuple[int, int]:
    import io  # noqa: PLC0415

    from PIL import Image  # noqa: PLC0415

    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as image:
        return image.size
