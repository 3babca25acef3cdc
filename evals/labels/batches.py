"""What judges are asked, in batches: each is an experiment of the engine over pools of the corpus, and is written down before it runs.

A batch keeps which judge is asked about which video in which prompt cells. The same request finds its unfinished batch again and carries
on with it; another one is asked only about what no batch holds. A batch whose videos have changed meanwhile is closed: what it has not
labelled is free for another one.
"""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from environments.canonical import content_hash
from environments.corpus.pool import Pool, write_pool
from evals.labels.judges import Judge
from personas.errors import StorageFailed, UserError
from personas.one_line import one_line

__all__ = ["Batch", "Ledger", "Request", "Task", "hashed_order", "shards"]

VERSION = 1
MOST_IN_A_POOL = 100
"""Videos of one session: what is lost on nobody, and what keeps many sessions at work at once."""
FEWEST_IN_A_POOL = 10
POOLS = 16
"""As many pools as that at least, where there are enough videos."""


@dataclass(frozen=True)
class Request:
    """What was asked for: judges, how, and of which videos. Two equal requests are the same request."""

    judges: tuple[Judge, ...]
    two_step: bool = False
    orders: int = 2
    frames: int = 4
    where: str | None = None
    limit: int | None = None
    seed: int = 0
    again: bool = False
    pool: str | None = None
    model_options: Mapping[str, str] | None = None
    anew: bool = False

    @property
    def protocol(self) -> str:
        """The protocol of the sessions."""
        return "judge-script" if self.two_step else "judge"

    @property
    def key(self) -> str:
        """What tells it from other requests."""
        return content_hash(_plain(self))


def _plain(request: Request) -> dict[str, Any]:
    """As JSON-able data."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(request)))
    if not request.anew:
        del found["anew"]  # batches are named by this: those of before it was there keep their names
    return found


@dataclass(frozen=True)
class Task:
    """One judge's part of a batch: prompt cells, the videos of each pool, and how many pictures are shown of each there (0: words alone).

    `repeat`: how often the judge had been asked about some of them before, in vain.
    """

    judge: Judge
    cells: tuple[int, ...]
    pools: tuple[tuple[str, ...], ...]
    frames: tuple[int, ...]
    repeat: int = 0

    @property
    def videos(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(name for pool in self.pools for name in pool)


@dataclass(frozen=True)
class Batch:
    """Tasks that are run together. `name`: of the experiment's folder; `complete`: everything has been asked; `closed`: it cannot be
    carried on with, since its videos have changed, and holds what it had labelled until then.
    """

    request: Request
    tasks: tuple[Task, ...]
    complete: bool = False
    closed: bool = False

    @property
    def unfinished(self) -> bool:
        """Whether it is still to be carried on with."""
        return not self.complete and not self.closed

    @property
    def name(self) -> str:
        """From what is asked, so that the same is found again."""
        return f"judging-{content_hash([_plain(self.request), [asdict(task) for task in self.tasks]])[:12]}"

    @property
    def asked(self) -> int:
        """Questions about a video, all values at once; of two steps each."""
        return sum(len(task.videos) * len(task.cells) for task in self.tasks)


def hashed_order(ids: Iterable[str]) -> list[str]:
    """The ids in an order that is by chance and always the same, whichever others there are: the first of them are a random sample."""
    return sorted(ids, key=lambda name: (content_hash(["labels", name]), name))


def shards(ids: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The ids in pools of about equal size, in the order given."""
    if not ids:
        return ()
    size = min(MOST_IN_A_POOL, max(FEWEST_IN_A_POOL, math.ceil(len(ids) / POOLS)))
    count = math.ceil(len(ids) / size)
    cuts = [round(len(ids) * number / count) for number in range(count + 1)]
    return tuple(tuple(ids[start:end]) for start, end in itertools.pairwise(cuts))


@dataclass(frozen=True)
class Ledger:
    """The batches of a corpus, in a folder: NAME.json each, beside the experiment's folder NAME, with the pools they share."""

    folder: Path

    def batches(self) -> list[Batch]:
        """All of them, by name. Raises UserError for a file that is none."""
        return [_read(path) for path in sorted(self.folder.glob("judging-*.json"))]

    @contextmanager
    def held(self) -> Iterator[None]:
        """While this lasts no other command plans a batch here or takes labels in; the others wait. Raises StorageFailed."""
        import fcntl  # noqa: PLC0415 - Unix only

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / ".planning").open("a")
        except OSError as error:
            raise self._unwritable(error) from error
        with lock:
            with suppress(OSError):  # some network file systems know no locks; there it is the user's care
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _unwritable(self, error: OSError) -> StorageFailed:
        return StorageFailed(f"cannot write {self.folder}: {error.strerror}; mend it or choose another --runs")

    def keep(self, batch: Batch) -> None:
        """Write a batch down, whole or not at all. Raises StorageFailed."""
        target = self.folder / f"{batch.name}.json"
        aside = target.with_name(f".{target.name}.{os.getpid()}.part")
        about = {"version": VERSION, "request": _plain(batch.request), "complete": batch.complete, "closed": batch.closed}
        tasks = [asdict(task) for task in batch.tasks]
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            aside.write_text(json.dumps(about | {"tasks": tasks}, ensure_ascii=False) + "\n", encoding="utf-8")
            aside.replace(target)
        except OSError as error:
            raise self._unwritable(error) from error

    def done(self, batch: Batch) -> None:
        """The batch is complete."""
        self.keep(replace(batch, complete=True))

    def close(self, batch: Batch) -> None:
        """The batch is given up as it stands."""
        self.keep(replace(batch, closed=True))

    def place(self, pool: Sequence[str], *, text: bool, labelled: bool) -> Path:
        """Where a pool of these videos lies, or will."""
        return self.folder.resolve() / "pools" / f"{content_hash([list(pool), text, labelled])[:16]}.toml"

    def keep_pools(self, batch: Batch, corpus: str, words: Mapping[str, str], *, labelled: Iterable[str]) -> None:
        """Write the pools of a batch that are not there yet. `words`: of videos without pictures; `labelled`: models that need labels."""
        needing = set(labelled)
        for task in batch.tasks:
            for pool, frames in zip(task.pools, task.frames, strict=True):
                with_labels = task.judge.model in needing
                path = self.place(pool, text=not frames, labelled=with_labels)
                if not path.is_file():
                    texts = {} if frames else {name: words.get(name) or "(no words)" for name in pool}
                    made = Pool(
                        corpus=corpus,
                        strata={"videos": tuple(pool)},
                        labels="corpus" if with_labels else "none",
                        show="frames" if frames else "text",
                        texts=texts,
                        about="videos to be labelled",
                    )
                    write_pool(made, path, corpus=corpus)


def _read(path: Path) -> Batch:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != VERSION:
            raise ValueError(f"version {data['version']}")
        given = data["request"]
        request = Request(**given | {"judges": tuple(Judge(**judge) for judge in given["judges"])})
        tasks = tuple(_task(task) for task in data["tasks"])
        return Batch(request, tasks, bool(data["complete"]), bool(data.get("closed", False)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path} is no batch of labels ({one_line(str(error), 80)}): restore it, or move it away") from None


def _task(data: Mapping[str, Any]) -> Task:
    pools = tuple(tuple(str(name) for name in pool) for pool in data["pools"])
    return Task(Judge(**data["judge"]), tuple(data["cells"]), pools, tuple(data["frames"]), int(data["repeat"]))
