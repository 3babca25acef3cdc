"""A conformance test for environments: what the contract in `environments.base` promises, tried out on a real one.

report = asyncio.run(check_environment(lambda: MyFeed("clips")))
assert report.ok, report
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from environments.base import Action, ActionKind, Environment, Frame, Outcome, PastStep, Stimulus, StimulusText
from personas.errors import AxiofeedError
from personas.schwartz import VALUES

__all__ = ["Report", "check_environment"]

_ACTIONS = (
    Action(ActionKind.WATCH, 1.0),
    Action(ActionKind.SKIP, 0.1),
    Action(ActionKind.LIKE, 0.8),
    Action(ActionKind.PASS),
    Action(ActionKind.WATCH, 0.5),
    Action(ActionKind.LIKE, 1.0),
    Action(ActionKind.SKIP, 0.0),
)
_ROUNDING_S = 0.01
_LONGEST_SCREEN = 4000  # characters: what can be read on one screen, and what a prompt can bear


@dataclass
class Report:
    """`violations`, one line each; `shown`, how many stimuli were looked at; `ended`, whether the end of the feed was among them."""

    violations: list[str] = field(default_factory=list)
    shown: int = 0
    ended: bool = False

    @property
    def ok(self) -> bool:
        """No violation was found, and there was something to look at."""
        return not self.violations and self.shown > 0

    def __str__(self) -> str:
        found = "\n".join(f"- {violation}" for violation in self.violations) or "no violations"
        return f"{self.shown} stimuli shown, end of the feed {'reached' if self.ended else 'not reached'}: {found}"

    def expect(self, holds: bool, otherwise: str) -> bool:
        """Notes a violation unless `holds`; returns `holds`."""
        if not holds and otherwise not in self.violations:
            self.violations.append(otherwise)
        return holds


async def check_environment(make_env: Callable[[], Environment], steps: int = 8) -> Report:
    """Tries the contract on environments from `make_env`, each call of which must give a new one with the same seed.

    Looks at the first `steps` stimuli with all four actions, then repeats the session and resumes it from two places. The end of the
    feed is checked when it comes within `steps`. Errors other than AxiofeedError propagate with their traceback. An environment
    that says `reproducible = False` is not resumed; one that says `same_pictures = False` may show fresh pictures.
    """
    report = Report()
    try:
        _check_identity(make_env(), make_env(), report)
        await _check_misuse(make_env(), report)
        shown, past = await _check_session(make_env(), report, steps)
        for resume_at in sorted({0, 1, len(past) // 2, len(past) - 1} & set(range(len(past)))):
            again = make_env()
            if getattr(again, "reproducible", True):
                await _check_resume(again, report, shown, past, resume_at)
    except AxiofeedError as error:
        report.expect(False, f"a normal session raised {type(error).__name__}: {error}")
    report.expect(report.shown > 0, "the feed showed nothing")
    return report


def _check_identity(one: Environment, other: Environment, report: Report) -> None:
    for name in ("fingerprint", "total"):
        if not report.expect(hasattr(one, name), f"the environment has no {name!r}; give it one, None where it is not known"):
            return
    fingerprint, total = one.fingerprint, one.total
    sound = fingerprint is None or (isinstance(fingerprint, str) and fingerprint != "")
    report.expect(sound, "the fingerprint must be a text that is not empty, or None")
    report.expect(fingerprint == other.fingerprint, "two environments of one feed must have the same fingerprint")
    sane = total is None or (isinstance(total, int) and not isinstance(total, bool) and total >= 0)
    report.expect(sane, f"the total must be a whole number, 0 or more, or None, not {total!r}")


async def _check_misuse(env: Environment, report: Report) -> None:
    await env.open()
    try:
        await env.act(Action(ActionKind.SKIP))
    except AxiofeedError:
        pass
    else:
        report.expect(False, "act before observe must raise EnvironmentFailed")
    await env.close()
    await env.close()


async def _check_session(env: Environment, report: Report, steps: int) -> tuple[list[Stimulus], list[PastStep]]:
    shown: list[Stimulus] = []
    past: list[PastStep] = []
    await env.open()
    while len(shown) < steps:
        stimulus = await env.observe()
        if stimulus is None:
            report.ended = True
            report.expect(await env.observe() is None, "observe must keep returning None once the feed is over")
            break
        again = await env.observe()
        report.expect(
            again is not None and _same(stimulus, again, pictures=True), "observe twice without act must return the same stimulus"
        )
        _check_stimulus(stimulus, len(shown), report)
        action = _ACTIONS[len(shown) % len(_ACTIONS)]
        outcome = await env.act(action)
        _check_outcome(outcome, action, stimulus, report)
        shown.append(stimulus)
        past.append(PastStep(stimulus.id, action, outcome))
    report.shown = len(shown)
    _check_problems(env, report)
    await env.close()
    await env.close()
    _check_total(env, report)
    return shown, past


def _check_total(env: Environment, report: Report) -> None:
    total = getattr(env, "total", None)
    if isinstance(total, int):
        report.expect(report.shown <= total, f"the feed showed {report.shown} stimuli, more than its total of {total}")


async def _check_resume(env: Environment, report: Report, shown: Sequence[Stimulus], past: Sequence[PastStep], at: int) -> None:
    """Opens with the first `at` steps and expects the rest of the session as it was."""
    what = f"resumed after {at} steps" if at else "the same seed again"
    await env.open(tuple(past[:at]))
    for stimulus, step in list(zip(shown, past, strict=True))[at : at + 3]:
        found = await env.observe()
        if not report.expect(
            found is not None and _same(stimulus, found, pictures=getattr(env, "same_pictures", True)),
            f"{what}: expected {stimulus.id!r} at position {stimulus.position}, got {_named(found)}",
        ):
            break
        await env.act(step.action)
    await env.close()


def _same(one: Stimulus, other: Stimulus, pictures: bool) -> bool:
    def told(stimulus: Stimulus) -> tuple[object, ...]:
        hashes = tuple(getattr(frame, "sha256", frame) for frame in stimulus.frames) if pictures else ()
        return stimulus.id, stimulus.position, hashes, stimulus.text, stimulus.propensity

    return told(one) == told(other)


def _named(stimulus: Stimulus | None) -> str:
    return "the end of the feed" if stimulus is None else f"{stimulus.id!r} at position {stimulus.position}"


def _check_stimulus(stimulus: Stimulus, position: int, report: Report) -> None:
    if not report.expect(isinstance(stimulus, Stimulus), "observe must return a Stimulus or None"):
        return
    name = f"stimulus {position}"
    report.expect(isinstance(stimulus.id, str) and stimulus.id != "", f"{name}: the id must be a text that is not empty")
    report.expect(stimulus.position == position, f"{name}: the position must count from 0 in steps of 1, not {stimulus.position}")
    report.expect(isinstance(stimulus.source, str), f"{name}: the source must be a text")
    report.expect(
        _is_number(stimulus.duration_s) and stimulus.duration_s >= 0, f"{name}: the duration must be a number of seconds, 0 or more"
    )
    chance = stimulus.propensity
    report.expect(
        chance is None or (_is_number(chance) and 0 < chance <= 1), f"{name}: the propensity must be in (0, 1] or None, not {chance}"
    )
    _check_frames(stimulus, name, report)
    _check_text(stimulus.text, name, report)
    _check_labels(stimulus, name, report)


def _check_frames(stimulus: Stimulus, name: str, report: Report) -> None:
    if not report.expect(
        isinstance(stimulus.frames, tuple) and all(isinstance(frame, Frame) for frame in stimulus.frames),
        f"{name}: frames must be a tuple of Frame",
    ):
        return
    times = [frame.t for frame in stimulus.frames]
    report.expect(times == sorted(times), f"{name}: frames must be in order of time")
    for number, frame in enumerate(stimulus.frames):
        report.expect(frame.sha256 == sha256(frame.jpeg).hexdigest(), f"{name}, frame {number}: sha256 is not that of the JPEG bytes")
        report.expect(0 <= frame.t <= stimulus.duration_s + _ROUNDING_S, f"{name}, frame {number}: t = {frame.t} is outside the clip")
        report.expect(_is_jpeg(frame.jpeg), f"{name}, frame {number}: the bytes are not a JPEG that can be decoded")


def _is_jpeg(data: bytes) -> bool:
    from PIL import Image  # noqa: PLC0415 - Pillow loads when used

    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            image.load()
    except (OSError, ValueError, SyntaxError):
        return False
    return True


def _check_text(text: StimulusText, name: str, report: Report) -> None:
    if not report.expect(isinstance(text, StimulusText), f"{name}: text must be a StimulusText"):
        return
    words = (text.caption, text.author, text.sound, text.transcript, text.screen)
    report.expect(all(isinstance(word, str) for word in words), f"{name}: caption, author, sound, transcript and screen must be texts")
    if isinstance(text.screen, str):
        long = f"{name}: the words on the screen are {len(text.screen)} characters, more than {_LONGEST_SCREEN}"
        report.expect(len(text.screen) <= _LONGEST_SCREEN, long)
    report.expect(
        isinstance(text.hashtags, tuple) and all(isinstance(tag, str) for tag in text.hashtags),
        f"{name}: hashtags must be a tuple of texts",
    )
    counts = isinstance(text.counts, Mapping) and all(isinstance(key, str) and isinstance(n, int) for key, n in text.counts.items())
    report.expect(counts, f"{name}: counts must map texts to whole numbers")


def _check_labels(stimulus: Stimulus, name: str, report: Report) -> None:
    if stimulus.labels is None:
        return
    for code, loading in stimulus.labels.items():
        report.expect(code in VALUES, f"{name}: the label {code!r} is not a value code ({' '.join(VALUES)})")
        report.expect(_is_number(loading) and -1 <= loading <= 1, f"{name}: the label {code} must be in [-1, 1], not {loading}")
    report.expect(bool(stimulus.labels_source), f"{name}: labels need a labels_source")


def _check_outcome(outcome: Outcome, action: Action, stimulus: Stimulus, report: Report) -> None:
    name = f"outcome of {action.kind.value}"
    if not report.expect(isinstance(outcome, Outcome), f"{name}: act must return an Outcome"):
        return
    sane = _is_number(outcome.dwell_s) and 0 <= outcome.dwell_s <= stimulus.duration_s + _ROUNDING_S
    report.expect(sane, f"{name}: dwell of {outcome.dwell_s} s is not between 0 and the duration of {stimulus.duration_s} s")
    report.expect(not outcome.like_registered or action.kind is ActionKind.LIKE, f"{name}: a like was registered")
    report.expect(outcome.error is not None or outcome.advanced, f"{name}: the feed did not advance, and no error says why")


def _check_problems(env: Environment, report: Report) -> None:
    lines = [(problem.name, problem.reason) for problem in env.problems]
    report.expect(len({name for name, _ in lines}) == len(lines), "each problem must be named once")
    report.expect(all("\n" not in name + reason for name, reason in lines), "a problem's name and reason must be one line each")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
