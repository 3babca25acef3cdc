"""One browsing agent at work: what the graph's nodes do, with the live objects they need.

Each method is one deed: show a stimulus, ask a question, act, record. All of them take their facts from the trace's state and write to the
trace, so that a session which was cut off at any point carries on from there.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import lru_cache
from typing import Protocol

from agent.models.base import Design, Model, Prompt, Reply
from agent.models.scoring import answered, calls_of
from agent.phases import phase_at
from agent.protocols.base import AnswerState, FeedbackProtocol, Interpretation, Question, opening, repair_turns, stimulus_slots
from agent.protocols.strategies.base import Strategy
from agent.protocols.strategies.registry import make_strategy
from agent.spec import Limits, SessionSpec, memory_length
from agent.trace.events import ActionEvent, AnswerEvent, AskEvent, ProblemEvent, PromptEvent, StimulusEvent
from agent.trace.making import answer_event, failure_event, now, stimulus_event, storable, storable_text
from agent.trace.progress import PendingStep, Progress
from agent.trace.recorder import Recorder
from environments.base import Action, ActionKind, Environment, Outcome, Stimulus
from environments.canonical import derived_seed, rng
from personas.errors import EnvironmentFailed, LimitReached, ModelError, ModelSetupError, Unreachable
from personas.persona import Persona

__all__ = ["FAILURES_IN_A_ROW", "Browsing", "Interrupted", "Purse", "answer_seed", "prompt_cell"]

FAILURES_IN_A_ROW = 5
"""So many failed stimuli in a row stop a session: the model is out of reach, and going on would only mark the rest as failed."""


class Interrupted(Exception):
    """The user asked to stop; what was in flight has been stored."""


def prompt_cell(spec: SessionSpec, cells: int, step: int) -> int:
    """The prompt cell of a step: the fixed one, or all in random order block by block, the same for every respondent of this seed."""
    if spec.cell != "rotate":
        return spec.cell
    return _cells_of_block(spec.seed, cells, step // cells)[step % cells]


@lru_cache(maxsize=1024)
def _cells_of_block(seed: int, cells: int, number: int) -> tuple[int, ...]:
    block = list(range(cells))
    rng(seed, "cells", number).shuffle(block)
    return tuple(block)


_ASKED_ANEW = ("cell", "paraphrase", "strategy", "placement", "repeat")
"""Fields of a spec that change how the same clips are asked about: each such session draws answers of its own."""


def answer_seed(spec: SessionSpec, *parts: str | int) -> int:
    """The seed of an answer, from the session's seed, what distinguishes its way of asking, and `parts`."""
    fields = type(spec).model_fields
    ways = [f"{name}={getattr(spec, name)}" for name in _ASKED_ANEW if name in fields and getattr(spec, name) != fields[name].default]
    return derived_seed(spec.seed, *ways, *parts)


class Purse(Protocol):
    """What a session has in common with others: limits that hold for all of them together.

    `counts_usd`: whether the most that an answer may cost has to be known. `reserve` is awaited before each answer, of which `calls` says
    how many calls it takes, and raises LimitReached; `settle` is called once for each that was reserved, with the answer, or None where
    nothing was sent.
    """

    @property
    def counts_usd(self) -> bool: ...

    async def reserve(self, most_usd: Decimal | None, calls: int) -> None: ...

    def settle(self, most_usd: Decimal | None, answer: AnswerEvent | None, calls: int) -> None: ...


@dataclass
class Browsing:
    """The live side of a session; the runtime context of the graph."""

    spec: SessionSpec
    limits: Limits
    persona: Persona
    model: Model
    protocol: FeedbackProtocol
    environment: Environment
    recorder: Recorder
    purse: Purse | None = None
    cast: tuple[Persona, ...] = ()
    """Who is played in each phase of the spec."""
    stop_requested: bool = False
    stimulus: Stimulus | None = field(default=None, repr=False)
    last_failure: str | None = None
    _storing: asyncio.Future[list[None]] | None = field(default=None, repr=False)
    """The frames being stored, beside the question: creating files takes longer than all else the harness does."""

    @property
    def progress(self) -> Progress:
        """The state of the session."""
        return self.recorder.progress

    @property
    def pending(self) -> PendingStep:
        """The step that is under way."""
        assert self.progress.pending is not None, "a step is under way"
        return self.progress.pending

    @property
    def strategy(self) -> Strategy:
        """How the persona is told."""
        return make_strategy(self.spec.strategy)

    @property
    def played(self) -> Persona:
        """Who is played at this step: the persona of its phase, where the session has phases."""
        return self.cast[phase_at(self.spec.phases, self.progress.steps)] if self.cast else self.persona

    def check_limits(self) -> None:
        """Raises LimitReached or Interrupted when the session has to stop before another clip or question."""
        if self.stop_requested:
            raise Interrupted
        limits, progress = self.limits, self.progress
        if limits.max_steps is not None and progress.steps >= limits.max_steps:
            raise LimitReached(f"--max-steps {limits.max_steps} is reached")
        if limits.max_minutes is not None and progress.seconds >= limits.max_minutes * 60:
            raise LimitReached(f"--max-minutes {limits.max_minutes:g} is reached")
        if limits.max_usd is not None and progress.unpriced:
            raise LimitReached(f"--max-usd {limits.max_usd} cannot be kept: the price of {progress.unpriced} answer(s) is unknown")

    def _check_price(self, prompt: Prompt) -> None:
        """Raises LimitReached when this call might pass the limit, if it cost the most that it can."""
        if self.limits.max_usd is None:
            return
        spent = self.progress.budgeted_usd
        next_usd = self.model.most_usd(prompt)
        if next_usd is None or spent + next_usd > self.limits.max_usd:
            raise LimitReached(f"{spent:.4f} USD are spent, and the next answer might pass --max-usd {self.limits.max_usd}")

    async def show(self) -> Stimulus | None:
        """Let the feed show its next stimulus and record it, once. Raises EnvironmentFailed when a resumed feed shows something else."""
        observed = await self.environment.observe()
        self.note_problems()
        self.stimulus = stimulus = None if observed is None else storable(observed)
        if stimulus is None:
            if self.progress.pending is not None and not getattr(self.environment, "reproducible", True):
                self._abandon()
            return None
        event = stimulus_event(stimulus, self.progress.steps)
        fresh = self._is_fresh(event)
        frames = self.recorder.frames
        shown = {frame.sha256: frame for part in (stimulus.frames, *(each.frames for each in stimulus.examples)) for frame in part}
        self._storing = asyncio.gather(*(asyncio.to_thread(frames.put, frame) for frame in shown.values() if not frames.holds(frame)))
        if fresh:
            self.recorder.record(event.model_copy(update={"step": self.progress.steps}))
        return stimulus

    def _is_fresh(self, event: StimulusEvent) -> bool:
        """Whether a stimulus is still to be recorded. Raises EnvironmentFailed when it is not the one that the interrupted step had."""
        if self.progress.pending is None:
            return True
        before = self.progress.pending.stimulus
        if before.id != event.id and not getattr(self.environment, "reproducible", True):
            self._abandon()
            return True
        if before.id == event.id and not getattr(self.environment, "same_pictures", True):
            return not self.progress.pending.answers  # fresh pictures of the same item: what was answered was about the old ones
        if before.id != event.id:
            what = f"the feed now shows {event.id!r} where this session had {before.id!r}"
        elif (before.text, before.frames, before.examples) != (event.text, event.frames, event.examples):
            what = f"the pictures or words of {event.id!r} have changed since this session showed it"
        else:
            return False
        raise EnvironmentFailed(f"{what}: restore the feed, or begin a new --session")

    def _abandon(self) -> None:
        """Close a step whose item a live site does not show any more: it moved on while the session was down."""
        gone = "the site moved on while the session was down"
        if self.pending.final is None:
            error = ModelError(gone)
            error.attempts = 0
            stage = self.opening()
            self.recorder.record(failure_event(error, step=self.progress.steps, stage=stage, attempt=len(self.pending.answers)))
        asked = self._action()
        self.recorder.record(
            ActionEvent(
                at=now(),
                step=self.progress.steps,
                asked=asked.kind,
                watch_fraction=asked.watch_fraction,
                done=ActionKind.PASS,
                advanced=True,
                dwell_s=0.0,
                error=gone,
            )
        )

    def note_problems(self) -> None:
        """Record what the feed could not show, once."""
        for problem in self.environment.problems:
            name = storable_text(problem.name)
            if name not in self.progress.problems:
                self.recorder.record(ProblemEvent(at=now(), name=name, reason=storable_text(problem.reason)))

    async def settle(self) -> None:
        """Wait for what runs beside the session, whatever became of it: who is stopping has a reason of their own to report."""
        if self._storing is not None:
            await asyncio.gather(self._storing, return_exceptions=True)

    async def ask(self, stage: str, attempt: int) -> AnswerEvent:
        """The answer to one question of this step: the recorded one if it arrived before, else a fresh one. Raises as `check_limits`."""
        recorded = self.pending.answers.get((stage, attempt))
        if recorded is not None:
            return recorded
        self.check_limits()
        self.recorder.check_room()
        prompt = self._prompt(stage, attempt)
        self._check_price(prompt)
        if self.purse is None:
            return await self._asked(prompt, stage, attempt)
        most = self.model.most_usd(prompt) if self.purse.counts_usd else None
        calls = calls_of(prompt)
        await self.purse.reserve(most, calls)
        answer = None
        try:
            answer = await self._asked(prompt, stage, attempt)
        except (ModelError, ModelSetupError) as error:  # what stops the session may have been paid in part
            answer = failure_event(error, step=self.progress.steps, stage=stage, attempt=attempt) if error.possibly_paid else None
            raise
        finally:
            self.purse.settle(most, answer, calls)
        return answer

    async def _asked(self, prompt: Prompt, stage: str, attempt: int) -> AnswerEvent:
        """Ask, and record that it is asked and what comes."""
        self._record_ask(prompt, stage, attempt)
        try:
            reply = await answered(self.model, prompt)
        except Unreachable:
            raise  # nothing was sent: the stimulus waits until the server is back
        except ModelError as error:
            self.last_failure = str(error)
            answer = failure_event(error, step=self.progress.steps, stage=stage, attempt=attempt)
            self.recorder.record(answer)
            return answer
        return self._recorded(reply, stage, attempt)

    async def act(self) -> Outcome:
        """Do what was decided, or pass where there is no decision."""
        return await self.environment.act(self._action())

    async def finish_step(self, outcome: Outcome) -> None:
        """Record what was asked and done, once the frames are stored.

        Raises StorageFailed, and ModelError when the model has failed so often in a row that going on is pointless.
        """
        if self._storing is not None:
            await self._storing
        asked = self._action()
        done = _done(asked, outcome)
        self.recorder.record(
            ActionEvent(
                at=now(),
                step=self.progress.steps,
                asked=asked.kind,
                watch_fraction=asked.watch_fraction,
                done=done,
                advanced=outcome.advanced,
                dwell_s=round(outcome.dwell_s, 4),
                error=None if outcome.error is None else storable_text(outcome.error),
                click=outcome.click,
            )
        )
        if self.progress.failed_in_a_row >= FAILURES_IN_A_ROW:
            raise ModelError(
                f"{self.model.name} failed {FAILURES_IN_A_ROW} times in a row; mend it and run the same command again to go on"
            )

    def opening(self) -> str:
        """The stage of the first question of this step: the one that was answered, where a step is resumed, else the protocol's."""
        begun = next((stage for stage, _ in self.progress.pending.answers), None) if self.progress.pending else None
        if begun is not None or self.stimulus is None:
            return begun or self.protocol.first_stage
        return opening(self.protocol, self.stimulus)

    def question(self, stage: str) -> Question:
        """Where the protocol stands in this step."""
        replies = {seen: answer.raw for (seen, _), answer in self.pending.answers.items() if answer.outcome is AnswerState.ANSWERED}
        return Question(stage, prompt_cell(self.spec, self.protocol.cells, self.progress.steps), replies)

    def _prompt(self, stage: str, attempt: int) -> Prompt:
        """The prompt of a question."""
        assert self.stimulus is not None, "a stimulus is shown"
        question = self.question(stage)
        slots = self._slots(self.stimulus)
        seed = answer_seed(self.spec, "ask", self.progress.steps, stage, attempt)
        step_seed = answer_seed(self.spec, "step", self.progress.steps)
        prompt = replace(self.protocol.prompt(question, self.stimulus, slots, seed), step_seed=step_seed)
        shown = self.stimulus
        if self.model.synthetic and (shown.labels is not None or shown.item is not None):
            prompt = replace(prompt, design=Design(shown.labels or {}, self.played.target if self.strategy.tells else {}, shown.item))
        if attempt > 0:
            bad = self.pending.answers[stage, attempt - 1]
            prompt = replace(prompt, turns=repair_turns(prompt.turns, bad.raw, bad.fault or "no answer"))
        return prompt

    def _record_ask(self, prompt: Prompt, stage: str, attempt: int) -> None:
        """The question is about to go out: its template, once, and the ask."""
        cell = self.question(stage).cell
        template = self.protocol.template(stage, cell)
        if template.hash not in self.progress.prompts:
            self.recorder.record(
                PromptEvent(
                    at=now(),
                    hash=template.hash,
                    stage=stage,
                    cell=cell,
                    system=template.system,
                    user=template.user,
                    answer_schema=template.schema,
                )
            )
        kept = {name: prompt.slots[name] for name in ("memory",) if prompt.slots[name]}
        limited = self.limits.max_usd is not None or (self.purse is not None and self.purse.counts_usd)
        most = self.model.most_usd(prompt) if limited else None
        self.recorder.record(
            AskEvent(
                at=now(),
                step=self.progress.steps,
                stage=stage,
                attempt=attempt,
                cell=cell,
                prompt=template.hash,
                seed=prompt.seed,
                slots=kept,
                most_usd=most,
            )
        )

    def _slots(self, stimulus: Stimulus) -> dict[str, str]:
        slots = stimulus_slots(stimulus)
        slots["persona"] = self.strategy.persona_text(self.played, self.spec.paraphrase)
        slots["persona_name"] = self.played.name if self.strategy.tells else ""
        slots["memory"] = self._memory()
        return slots

    def _memory(self) -> str:
        """The respondent's last actions, oldest first, each line a quoted string, and what went wrong with the last one."""
        length = memory_length(self.spec.memory)
        lines = [json.dumps(line, ensure_ascii=False) for line in list(self.progress.memory)[-length:]] if length else []
        parts = ["Your last actions in this feed, oldest first:\n" + "\n".join(lines)] if lines else []
        if self.progress.last_error:
            parts.append(f"Your last action did not work as meant: {json.dumps(self.progress.last_error, ensure_ascii=False)}")
        return "\n".join(parts)

    def _recorded(self, reply: Reply, stage: str, attempt: int) -> AnswerEvent:
        """A reply in the trace. It is final unless it asks for a repair or leads to another stage.

        It is recorded even if interpreting it fails: it arrived, and it may have been paid for.
        """
        assert self.stimulus is not None, "a stimulus is shown"
        found, final = Interpretation(AnswerState.UNPARSABLE, fault="it could not be interpreted"), True
        try:
            found = self.protocol.interpret(stage, reply, self.stimulus)
            if found.state is AnswerState.ANSWERED and found.decision:
                final = self.protocol.next_stage(stage, found.decision) is None
            else:
                final = found.state is not AnswerState.UNPARSABLE or attempt > 0
        finally:
            answer = answer_event(reply, found, step=self.progress.steps, stage=stage, attempt=attempt, final=final)
            self.recorder.record(answer)
        return answer

    def _action(self) -> Action:
        final = self.pending.final
        if final is None or final.decision is None or final.outcome is not AnswerState.ANSWERED:
            return Action(ActionKind.PASS)
        return Action(final.decision.action, final.decision.watch_fraction)


def _done(asked: Action, outcome: Outcome) -> ActionKind:
    """What happened in the end: a like that was not registered is a watch."""
    if outcome.like_registered:
        return ActionKind.LIKE
    return ActionKind.WATCH if asked.kind is ActionKind.LIKE else asked.kind
