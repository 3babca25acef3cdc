"""From the words a user types to sources: `catalogue`, a folder, a table, a recorded feed, an address."""

from __future__ import annotations

import mimetypes
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PureWindowsPath

from environments.cache import default_cache_dir
from environments.canonical import content_hash
from environments.captions import CSV_NAME, file_key
from environments.clips import Problem
from environments.corpus.ingest.columns import Columns, WrongCell
from environments.corpus.ingest.offers import ClipMedia, FileMedia, LinkMedia, Notice, Offer, RecordedMedia, Source
from environments.corpus.ingest.tables import SUFFIXES, header_of, rows_of, size_of
from environments.corpus.schema import VideoRow
from personas.errors import FeedError
from personas.one_line import one_line

__all__ = ["CatalogueSource", "FolderSource", "LimitedSource", "LinkSource", "RecordedSource", "TableSource", "open_source"]

_BESIDE = frozenset(
    (
        *(".srt", ".ass", ".ssa", ".lrc", ".nfo", ".md", ".toml", ".yaml", ".yml", ".lock", ".part", ".ytdl", ".log", ".cfg", ".ini"),
        *(".db", ".sqlite", ".sub", ".url", ".desktop", ".ods", ".xlsx", ".gz", ".m4a", ".webp"),
    )
)
"""Endings of files that live beside videos, and that no registry of types knows."""
_VIDEO_TOO = frozenset({".gif", ".3gp", ".3g2"})
_TYPES = mimetypes.MimeTypes()  # the standard library's own, the same on every machine


def open_source(typed: str, *, outside: bool = False, updating: bool = False) -> Source:
    """The source that `typed` names; "./catalogue" is a folder of that name. Raises FeedError where it is none.

    `outside`: a table may name files outside its folder. `updating`: videos that are there take up what the source says now.
    """
    if typed == "catalogue":
        return CatalogueSource()
    if "://" in typed:
        if not typed.lower().startswith(("http://", "https://")):
            raise FeedError(f"{one_line(typed)!r} is no address that a video is fetched from; only http:// and https:// are")
        return LinkSource(typed)
    if not typed.strip() or "\0" in typed:
        raise FeedError("a source has no name; give a folder, a table (.csv, .jsonl, .parquet), 'catalogue' or an address")
    path = Path(typed).expanduser()
    if path.is_dir():
        return RecordedSource(path) if (path / "feed.jsonl").is_file() else FolderSource(path, updating=updating)
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return TableSource(path, outside=outside, updating=updating)
    if path.exists():
        hint = f"a table ends in {', '.join(sorted(SUFFIXES))}; for a single video give its folder"
        raise FeedError(f"{one_line(typed)!r} is no source; {hint}")
    raise FeedError(f"there is no {one_line(typed)!r}; give a folder, a table (.csv, .jsonl, .parquet), 'catalogue' or an address")


@dataclass(frozen=True)
class CatalogueSource:
    """The embedded catalogue: its clips are rendered when they are read, with their design as labels.

    Twins share their video, so what identifies a clip is all that it says, not its file.
    """

    name: str = "catalogue"
    cache_dir: Path = field(default_factory=default_cache_dir)

    @property
    def total(self) -> int:
        from environments.catalogue.specs import load_clips  # noqa: PLC0415 - pydantic loads when used

        return len(load_clips())

    def offers(self) -> Iterator[Offer]:
        """See `Source`."""
        from environments.catalogue.specs import RENDERER_VERSION, load_clips, spec_hash  # noqa: PLC0415

        for clip in load_clips():
            row = VideoRow(
                id=clip.id,
                content=content_hash(["catalogue", RENDERER_VERSION, spec_hash(clip)]),
                platform="catalogue",
                caption=clip.caption,
                author=clip.author,
                hashtags=tuple(clip.hashtags),
                sound=clip.sound,
                topic=clip.topic,
                language="en",
                source="catalogue",
                twins=clip.cluster,
                stratum=clip.stratum,
                loadings={value: clip.values.get(value, 0.0) for value in _values()},
                labels_source="design",
            )
            yield Offer(clip.id, row, ClipMedia(clip, self.cache_dir))


@dataclass(frozen=True)
class LimitedSource:
    """`most` of the videos of a source, evenly spread over it where it knows how many it has; else the first ones."""

    whole: Source
    most: int

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def total(self) -> int:
        return self.most if self.whole.total is None else min(self.most, self.whole.total)

    def offers(self) -> Iterator[Offer | Problem | Notice]:
        """See `Source`. What is wrong with a source is told in full."""
        total = max(self.whole.total or self.most, self.most)
        met = 0
        for offer in self.whole.offers():
            if isinstance(offer, Offer):
                met += 1
                if met > total or met * self.most // total == (met - 1) * self.most // total:
                    continue
            yield offer


@dataclass(frozen=True)
class FolderSource:
    """The videos directly in a folder, and those below it that `videos.csv` names; its rows give them their words."""

    path: Path
    updating: bool = False

    @property
    def name(self) -> str:
        return one_line(str(self.path))

    @property
    def total(self) -> int:
        return sum(1 for _ in self._listed())

    def offers(self) -> Iterator[Offer | Problem | Notice]:
        """See `Source`. Raises FeedError where there is no video."""
        described: dict[str, VideoRow] = {}
        if (self.path / CSV_NAME).is_file():
            yield from self._described(described)
        files = {file_key(name): self.path / name for name in self._listed()}
        for key in described.keys() - files.keys():
            if os.path.lexists(self.path / key):
                files[key] = self.path / key
            else:
                yield Problem(f"{CSV_NAME}: {one_line(key)}", "there is no such file in the folder")
        if not files:
            raise FeedError(f"the folder {self.name!r} has no videos; put video files directly into it")
        for key in sorted(files):
            row = described.get(key, VideoRow(id="", content=""))
            name = one_line(unicodedata.normalize("NFC", key), limit=300)
            yield Offer(name, replace(row, id=row.id or name, path="", source="folder"), FileMedia(files[key]))

    def _described(self, found: dict[str, VideoRow]) -> Iterator[Problem | Notice]:
        """Fills `found` with rows by `file_key`."""
        table = TableSource(self.path / CSV_NAME, updating=self.updating)
        for each in table.described():
            if not isinstance(each, tuple):
                yield each
                continue
            number, row = each
            key = file_key(row.path)
            if not row.path or PureWindowsPath(row.path).drive or PureWindowsPath(row.path).root or ".." in PureWindowsPath(row.path).parts:
                yield Problem(f"{CSV_NAME} row {number}", "it names no file inside the folder; fill in the column 'file'")
            elif key in found:
                yield Problem(f"{CSV_NAME} row {number}", f"{one_line(row.path)!r} was already in a row before; that one is used")
            else:
                found[key] = row

    def _listed(self) -> Iterator[str]:
        try:
            entries = sorted(os.scandir(self.path), key=lambda entry: entry.name)
        except OSError as error:
            raise FeedError(f"the folder {self.name!r} cannot be read ({error.strerror}); check its permissions") from error
        for entry in entries:
            if not entry.name.startswith(".") and entry.name != CSV_NAME and _may_be_video(entry):
                yield entry.name


@dataclass(frozen=True)
class TableSource:
    """A table of videos: each row names a file (relative to the table's folder, and inside it unless `outside`) or an address.

    A table may come from somebody else, and must not take in what else lies on the machine.
    """

    path: Path
    outside: bool = False
    updating: bool = False

    @property
    def name(self) -> str:
        return one_line(str(self.path))

    @property
    def total(self) -> int:
        return size_of(self.path)

    def offers(self) -> Iterator[Offer | Problem | Notice]:
        """See `Source`."""
        folder = self.path.parent.resolve()
        for each in self.described():
            if not isinstance(each, tuple):
                yield each
                continue
            number, row = each
            place = f"{one_line(self.path.name)} row {number}"
            if row.path.strip():
                file = _file(self.path.parent, row.path.strip())
                if file is None or not (self.outside or _inside(folder, file)):
                    hint = f"{one_line(row.path.strip(), 120)!r} lies outside the table's folder; --allow-outside takes it all the same"
                    yield Problem(place, hint)
                    continue
                media: FileMedia | LinkMedia = FileMedia(file)
                name = row.id or one_line(file_key(row.path.strip()), limit=300)
            elif row.url:
                media, name = LinkMedia(row.url), row.id
            else:
                yield Problem(place, "it names neither a file nor an address; fill in 'path' or 'url'")
                continue
            yield Offer(f"{place} ({one_line(row.path or row.url, 80)})", replace(row, id=name, path="", source="table"), media)

    def described(self) -> Iterator[tuple[int, VideoRow] | Problem | Notice]:
        """Row numbers and what the rows say, `path` as written; problems by row and column; columns that mean nothing here, once."""
        shown = one_line(self.path.name)
        columns = Columns.of(header_of(self.path), shown)
        if columns.unused:
            more = f" and {len(columns.unused) - 12} more" if len(columns.unused) > 12 else ""
            yield Notice(f"{shown}: columns that mean nothing here: {', '.join(columns.unused[:12])}{more}")
        if self.updating and columns.labels:
            yield Notice(f"{shown}: --update leaves labels as they are; {', '.join(columns.labels)} only count for videos that are new")
        for row in rows_of(self.path):
            if row.wrong:
                yield Problem(f"{shown} row {row.number}", row.wrong)
                continue
            try:
                yield row.number, columns.row(row.cells)
            except WrongCell as error:
                yield Problem(f"{shown} row {row.number}", str(error))


@dataclass(frozen=True)
class RecordedSource:
    """A recorded feed. An item is identified by where it was recorded and by its id: screenshots are never the same bytes twice."""

    path: Path

    @property
    def name(self) -> str:
        return one_line(str(self.path))

    @property
    def total(self) -> int | None:
        return None

    def offers(self) -> Iterator[Offer | Problem]:
        """See `Source`."""
        from environments.recorded.reading import load_recorded, shown_id  # noqa: PLC0415 - loads when used

        recorded = load_recorded(self.path)
        yield from recorded.problems
        for item in recorded.items:
            name, text = shown_id(item), item.text
            row = VideoRow(
                id=name[:300],
                content=content_hash(["recorded", item.source, item.id]),
                platform=item.source,
                caption=text.caption,
                author=text.author,
                hashtags=tuple(text.hashtags),
                sound=text.sound,
                transcript=text.transcript,
                topic=item.topic or "",
                source="recorded",
                twins=item.cluster,
                stratum=item.stratum,
                loadings={} if item.labels is None else {value: item.labels.get(value, 0.0) for value in _values()},
                labels_source=item.labels_source or "",
                likes=text.counts.get("likes"),
                views=text.counts.get("views"),
                comments=text.counts.get("comments"),
                shares=text.counts.get("shares"),
            )
            yield Offer(one_line(name), row, RecordedMedia(self.path, item))


@dataclass(frozen=True)
class LinkSource:
    """One address."""

    url: str

    @property
    def name(self) -> str:
        return one_line(self.url)

    @property
    def total(self) -> int:
        return 1

    def offers(self) -> Iterator[Offer]:
        """See `Source`."""
        yield Offer(self.name, VideoRow(id="", content="", url=self.url, source="url"), LinkMedia(self.url))


def total_of(sources: Sequence[Source]) -> int | None:
    """How many videos all `sources` offer, None where one does not know."""
    totals = [source.total for source in sources]
    return None if None in totals else sum(total for total in totals if total is not None)


def _file(folder: Path, named: str) -> Path | None:
    """The file that a row of a table in `folder` names, None where "~" stands for nobody."""
    try:
        return folder / Path(named).expanduser()
    except RuntimeError:
        return None


def _inside(folder: Path, file: Path) -> bool:
    """Whether `file` lies in `folder` (resolved), wherever links lead."""
    try:
        return file.resolve().is_relative_to(folder)
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that cannot be one
        return False


def _may_be_video(entry: os.DirEntry[str]) -> bool:
    try:
        if not entry.is_file():
            return False
    except OSError:
        return False
    suffix = Path(entry.name).suffix.lower()
    kind = _TYPES.guess_type(f"a{suffix}")[0]
    beside = not suffix or suffix in _BESIDE or suffix in SUFFIXES
    return suffix in _VIDEO_TOO or (not beside and (kind is None or kind.startswith("video/")))


def _values() -> tuple[str, ...]:
    from personas.schwartz import VALUES  # noqa: PLC0415

    return VALUES
