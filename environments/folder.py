"""A folder of videos as a feed: every sound file once, its words from `videos.csv`, the others named with the reason."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from environments.base import StimulusText
from environments.captions import CSV_NAME, Captions, file_key, read_captions
from environments.clips import FeedItem, LoadedFeed, Problem
from environments.soundness import check_all
from personas.errors import FeedError
from personas.one_line import one_line

if TYPE_CHECKING:
    from environments.video import VideoFacts

__all__ = ["folder_items", "load"]

# Files that live beside videos and are none: passed over without a word. Anything else is tried, and named when it fails.
_BESIDE = """
.csv .tsv .xlsx .ods .md .txt .rst .json .jsonl .ndjson .toml .yaml .yml .xml .html .htm .pdf .log .ini .cfg .db .sqlite .lock
.srt .vtt .ass .ssa .sub .lrc .nfo .jpg .jpeg .png .webp .bmp .tif .tiff .svg .heic .ico .py .sh .js .css .zip .gz .tar .url .desktop
"""
_VIDEO = ".mp4 .m4v .mov .webm .mkv .avi .ts .m2ts .mts .mpg .mpeg .wmv .flv .f4v .3gp .3g2 .ogv .gif .mxf .vob .asf"
_NOT_MEDIA = frozenset(_BESIDE.split())
_MEDIA = frozenset(_VIDEO.split())


def folder_items(folder: Path, cache_dir: Path) -> tuple[tuple[FeedItem, ...], tuple[Problem, ...]]:
    """The sound videos directly in `folder`, sorted by id, and what is wrong with the rest.

    Videos in sub-folders are shown when `videos.csv` names them. An item's id is its file name relative to the folder.
    Blocks while files are checked: about 50 ms a file the first time. Raises FeedError when the folder is not there or has
    no sound video, or when `videos.csv` cannot be understood.
    """
    shown_name = one_line(str(folder))
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise FeedError(f"the feed folder {shown_name!r} {what}; give a folder of videos, or 'catalogue'")
    captions = read_captions(folder)
    files: dict[str, Path] = {}
    problems = [*captions.problems, *_add_listed(folder, shown_name, files), *_add_named(folder, captions, files)]
    names = sorted(files)
    items: list[FeedItem] = []
    for name, answer in zip(names, check_all([files[name] for name in names], cache_dir), strict=True):
        if not isinstance(answer, str):
            items.append(_item(name, files[name], answer, captions))
        elif files[name].suffix or name in captions.rows:
            problems.append(Problem(_identifier(name), answer))
    if not items:
        raise FeedError(_nothing_to_show(folder, shown_name, problems))
    return tuple(items), tuple(problems)


def load(argument: str, cache_dir: Path) -> LoadedFeed:
    """The feed of the folder `argument`; "~" is the home folder."""
    return LoadedFeed(*folder_items(Path(argument).expanduser(), cache_dir))


def _listed(folder: Path, shown_name: str) -> Iterator[str]:
    """Names directly in the folder that could be videos. Folders count only when they pretend to be a video."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise FeedError(f"the feed folder {shown_name!r} cannot be read ({error.strerror}); check its permissions") from error
    for entry in entries:
        suffix = Path(entry.name).suffix.lower()
        if entry.name.startswith(".") or suffix in _NOT_MEDIA or entry.name == CSV_NAME:
            continue
        if suffix not in _MEDIA and _is_folder(entry):
            continue
        yield entry.name


def _add_listed(folder: Path, shown_name: str, files: dict[str, Path]) -> Iterator[Problem]:
    for name in _listed(folder, shown_name):
        if files.setdefault(file_key(name), folder / name).name != name:
            yield Problem(_identifier(name), "another file has the same name, written in other Unicode characters; rename one")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _add_named(folder: Path, captions: Captions, files: dict[str, Path]) -> Iterator[Problem]:
    """Adds to `files` what rows name in sub-folders; a row whose file is nowhere is a problem."""
    for key, row in captions.rows.items():
        if key in files:
            continue
        path = folder / key
        if os.path.lexists(path):
            files[key] = path
        else:
            yield Problem(f"{CSV_NAME} row {row.number}", f"there is no file {one_line(row.file)!r} in the folder")


def _item(key: str, path: Path, facts: VideoFacts, captions: Captions) -> FeedItem:
    row = captions.rows.get(key)
    return FeedItem(
        id=_identifier(key),
        locate=lambda: path,
        text=row.text if row else StimulusText(),
        duration_s=facts.duration_s,
        source=(row.platform if row else "") or "folder",
        url=row.url if row else "",
    )


def _identifier(key: str) -> str:
    """The file name as an id: readable, valid UTF-8, one line, of bearable length."""
    return one_line(unicodedata.normalize("NFC", key), limit=300)


def _nothing_to_show(folder: Path, shown_name: str, problems: list[Problem]) -> str:
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return f"the feed folder {shown_name!r} has no video that can be shown: {problems[0]}{more}"
    below = next((entry.name for entry in sorted(folder.iterdir()) if entry.is_dir() and _has_media(entry)), None)
    hint = f"; its sub-folder {one_line(below)!r} has some: give that one" if below else "; put video files directly into it"
    return f"the feed folder {shown_name!r} has no videos{hint}"


def _has_media(folder: Path) -> bool:
    try:
        return any(entry.suffix.lower() in _MEDIA for entry in folder.iterdir())
    except OSError:
        return False
