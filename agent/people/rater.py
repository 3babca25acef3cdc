"""One person's session: taken up from its folder, led through the engine, and closed with the questionnaire."""

from __future__ import annotations

import asyncio
import re
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from agent.browsing import Browsing
from agent.people.feed import Pending, Person, PersonFeed
from agent.people.questionnaire import Item, answered_before, handed_in, questionnaire_event
from agent.people.record import PersonProtocol, WatchRecord
from agent.preparing import persona_record
from agent.protocols.base import AnswerState
from agent.session import SessionResult, run_with
from agent.spec import SessionSpec, make_spec
from agent.trace.events import AnswerEvent, ConsentEvent, EndEvent
from agent.trace.making import now
from agent.trace.progress import Progress
from agent.trace.reader import SessionFolder
from agent.trace.recorder import Observer, Recorder
from environments.canonical import derived_seed
from environments.clips import LoadedFeed, feed_fingerprint
from environments.feedapp.events import EventKind, FeedEvent
from environments.feedapp.ledger import Ledger
from environments.feedapp.settings import Counts, PageSettings
from personas.errors import EnvironmentFailed, SpecError, UserError
from personas.persona import load_persona

__all__ = ["LAST_WORD_S", "Rater", "RaterResult", "Study", "check_rater_name"]

LAST_WORD_S = 5.0
"""How long a page may take to say that it shows the end, once the last clip was left."""

PERSONA = "empty"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class Study:
    """What all raters of a command share. `videos` clips each; `rating` asks for 0 to 5 after each clip; `items` are asked at the end."""

    feed: str
    videos: int
    seed: int
    policy: str
    frames: int
    rating: bool
    counts: Counts
    consent: str
    instructions: str
    items: tuple[Item, ...]
    scale: tuple[str, ...]
    runs: Path

    def spec(self, rater: str) -> SessionSpec:
        """The session of a rater. Its seed, and so its order, is the rater's own. Raises SpecError."""
        options = {"rating": "0-5" if self.rating else "none", "study_seed": str(self.seed)}
        return make_spec(
            persona=PERSONA,
            model=f"human/{rater}",
            model_options=options,
            environment="browser",  # on the local page, as an agent with --environment browser; the pictures are of the clip alone
            site="local",
            counts=self.counts,
            feed=self.feed,
            policy=self.policy,
            frames=self.frames,
            videos=self.videos,
            seed=derived_seed(self.seed, "rater", rater),
        )

    def page(self) -> PageSettings:
        """What the page shows besides the clips. Random counts are the same for all raters of a study. Raises SpecError."""
        return PageSettings(
            counts=self.counts,
            seed=self.seed,
            rate_after_each=self.rating,
            consent=self.consent,
            instructions=self.instructions,
            questions=tuple(item.text for item in self.items),
            scale=self.scale,
        )


@dataclass(frozen=True)
class RaterResult:
    """How a rater's session stands. `session` is None when it was stopped before it had begun."""

    rater: str
    folder: Path
    session: SessionResult | None
    questionnaire: Literal["none", "open", "complete"]

    @property
    def exit_code(self) -> int:
        """As `SessionResult.exit_code`; 130 also while the questionnaire is open."""
        if self.session is None:
            return 130
        return self.session.exit_code or (130 if self.questionnaire == "open" else 0)

    def summary(self) -> dict[str, Any]:
        """The result as JSON-able data."""
        told = (
            {"session": self.folder.name, "path": str(self.folder), "status": "interrupted"}
            if self.session is None
            else self.session.summary()
        )
        return {"rater": self.rater, **told, "questionnaire": self.questionnaire}


class Rater:
    """See the module. Built from what its folder in `study.runs` holds. Raises SpecError, and EnvironmentFailed for another feed."""

    def __init__(self, study: Study, name: str, loaded: LoadedFeed) -> None:
        self.study, self.name = study, name
        self.spec = study.spec(name)
        self._persona = load_persona(PERSONA)
        self.folder = _folder(study.runs, name, self.spec.hash(persona_record(self._persona, self.spec)))
        _same_feed(self.folder, loaded)
        events, progress = list(self.folder.events()), self.folder.progress()
        complete = progress.end is not None and progress.end.reason == "complete"
        ledger = Ledger(
            clock_ms=_clock_ms(events),
            consented=any(isinstance(event, ConsentEvent) and event.text == study.consent for event in events),
        )
        ledger.answers.update(answered_before(events, study.items, study.scale))
        ledger.ended = complete and (not study.items or handed_in(events))
        self._recorder: Recorder | None = None
        self._ended = asyncio.Event()
        self.feed = PersonFeed(
            loaded,
            policy=study.policy,
            seed=self.spec.seed,
            videos=study.videos,
            frames=study.frames,
            settings=study.page(),
            ledger=ledger,
            tell=self._tell,
            past=progress.history,
            pending=_pending(progress),
            finished=complete,
        )

    async def run(self, observer: Observer | None = None) -> RaterResult:
        """Lead the session to its end, or as far as it gets before this task is cancelled. Raises UserError as `run_with`."""
        person, protocol = Person(self.spec.model, self.feed), PersonProtocol(self.study.instructions)
        try:
            result = await run_with(
                self.spec,
                self._persona,
                protocol,
                person,
                self.feed,
                runs=self.study.runs,
                session=self.folder.path.name,
                observer=observer,
                on_start=self._listen,
            )
        finally:
            self._recorder = None
        if result.reason == "complete":
            await self._last_words()
        return self.result(result)

    def result(self, session: SessionResult | None) -> RaterResult:
        """How things stand after `session`."""
        state: Literal["none", "open", "complete"] = "none"
        if self.study.items:
            state = "complete" if handed_in(self.folder.events()) else "open"
        return RaterResult(self.name, self.folder.path, session, state)

    async def _last_words(self) -> None:
        """The questionnaire, for as long as it takes; without one, a moment for the page to show the end."""
        if not self.study.items:
            if not self.feed.ledger.ended:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._ended.wait(), LAST_WORD_S)
            return
        with closing(Recorder(self.folder.path)) as recorder:
            self._recorder = recorder
            try:
                if not self.feed.ledger.ended:
                    await self._ended.wait()
            finally:
                if self.folder.status() != "complete":  # the clips are; what was answered since stands after their end
                    recorder.record(EndEvent(at=now(), reason="complete", totals=recorder.progress.totals()))
                self._recorder = None

    def _listen(self, agent: Browsing) -> None:
        self._recorder = agent.recorder

    def _tell(self, event: FeedEvent) -> None:
        """What the page says besides the clips, into the trace."""
        if event.kind not in {EventKind.CONSENT, EventKind.ANSWER, EventKind.END}:
            return
        if self._recorder is None and (self.study.items or event.kind is not EventKind.END):
            raise EnvironmentFailed("the session has stopped; when it goes on, so does this link")
        study, answers = self.study, self.feed.ledger.answers
        if self._recorder is not None:
            if event.kind is EventKind.CONSENT:
                self._recorder.record(ConsentEvent(at=now(), text=study.consent))
            elif event.kind is EventKind.ANSWER and event.question is not None and event.value is not None:
                self._recorder.record(questionnaire_event(study.items, study.scale, {event.question: event.value}, only=event.question))
            elif study.items:
                self._recorder.record(questionnaire_event(study.items, study.scale, answers))
        if event.kind is EventKind.END:
            self._ended.set()


def check_rater_name(name: str) -> None:
    """Raises SpecError unless `name` can be a rater's: it becomes part of the name of a folder, and of every table."""
    if not _NAME.fullmatch(name):
        raise SpecError(f"--rater {name[:60]!r}: use letters a to z, digits, dash and underscore, at most 40, a letter or digit first")


def _folder(runs: Path, rater: str, spec_hash: str) -> SessionFolder:
    """The rater's session of this spec, or the next free name for one."""
    for path in sorted(runs.glob(f"human-{rater}-*")):
        folder = SessionFolder(path)
        with suppress(UserError):  # a damaged neighbour stops nobody
            if folder.record().get("spec_hash") == spec_hash:
                return folder
    number = 1
    while (path := runs / f"human-{rater}-{number:03d}").exists():
        number += 1
    return SessionFolder(path)


def _same_feed(folder: SessionFolder, loaded: LoadedFeed) -> None:
    """Raises SpecError when the feed is not what it was when the session began."""
    if not (folder.path / "session.json").exists():
        return
    before = folder.record().get("feed_fingerprint")
    if before and before != feed_fingerprint(loaded.items):
        raise SpecError(f"the feed has changed since session {folder.path.name!r} began: restore it, or begin anew with another --runs")


def _clock_ms(events: list[Any]) -> float:
    """Where the page's clock stood when the last clip that is in the trace was left."""
    answers = [event.raw for event in events if isinstance(event, AnswerEvent) and event.outcome is AnswerState.ANSWERED]
    return WatchRecord.model_validate_json(answers[-1]).left_ms if answers else 0.0


def _pending(progress: Progress) -> Pending | None:
    """The step that was under way when the last process ended."""
    if progress.pending is None:
        return None
    final = progress.pending.final
    answered = final is not None and final.outcome is AnswerState.ANSWERED
    record = WatchRecord.model_validate_json(final.raw) if final is not None and answered else None
    return Pending(progress.pending.stimulus.id, answered=final is not None, record=record)
