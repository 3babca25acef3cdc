"""Reading session folders, whole, unfinished and damaged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.protocols.base import AnswerState
from agent.trace.events import (
    SCHEMA_VERSION,
    ActionEvent,
    AnswerEvent,
    AskEvent,
    EndEvent,
    Event,
    ProblemEvent,
    ResumeEvent,
    SessionEvent,
    StimulusEvent,
)
from agent.trace.reader import BrokenLine, SessionFolder, find_sessions, read_lines
from environments.base import ActionKind
from personas.errors import UserError

STIMULUS = StimulusEvent(at=2, step=0, id="a", frames=(), text={}, duration_s=2.0, source="s")
ASK = AskEvent(at=3, step=0, stage="feed", attempt=0, cell=0, prompt="h", seed=1)
ANSWER = AnswerEvent(at=4, step=0, stage="feed", attempt=0, outcome=AnswerState.REFUSED, final=True)
ACTION = ActionEvent(at=5, step=0, asked=ActionKind.PASS, watch_fraction=0, done=ActionKind.PASS, advanced=True, dwell_s=0)
BEGUN = (SessionEvent(at=1, spec_hash="f"), STIMULUS, ASK, ANSWER, ACTION)


def session(folder: Path, *events: Event | bytes, record: dict[str, object] | None = None) -> SessionFolder:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [event if isinstance(event, bytes) else event.model_dump_json(exclude_none=True).encode() + b"\n" for event in events]
    (folder / "session.json").write_text(json.dumps(record or {"schema_version": SCHEMA_VERSION, "spec": {}}))
    (folder / "trace.jsonl").write_bytes(b"".join(lines))
    return SessionFolder(folder)


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((), "prepared"),
        ((BEGUN[0],), "prepared"),
        ((BEGUN[0], STIMULUS), "running"),
        (BEGUN, "running"),
        ((*BEGUN, EndEvent(reason="complete")), "complete"),
        ((*BEGUN, EndEvent(reason="limit")), "stopped"),
        ((*BEGUN, EndEvent(reason="interrupted")), "stopped"),
        ((*BEGUN, EndEvent(reason="failed")), "failed"),
        ((*BEGUN, EndEvent(reason="failed"), ResumeEvent(step=1)), "running"),
        ((*BEGUN, b'{"type":"end","reason":"compl'), "running"),
    ],
)
def test_the_status_is_computed_from_the_files(tmp_path: Path, events: tuple[Event | bytes, ...], status: str) -> None:
    """Prepared, running, complete, stopped or failed, by the last whole event alone."""
    assert session(tmp_path, *events).status() == status


def test_a_session_without_a_trace_is_prepared(tmp_path: Path) -> None:
    """The spec is written before the trace begins."""
    folder = session(tmp_path)
    folder.trace.unlink()
    assert folder.status() == "prepared"
    assert list(folder.steps()) == []


def test_broken_lines_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """A line that is no event comes with its number and the reason; events around it are there."""
    folder = session(
        tmp_path, BEGUN[0], b"\x00\x01\n", STIMULUS, b'{"type": "unheard-of"}\n', ANSWER, b"\n", ACTION, b'{"type": "end", "rea'
    )
    assert [line.number for line in folder.broken_lines()] == [2, 4, 6, 8]
    assert all(line.reason and "\n" not in line.reason for line in folder.broken_lines())
    assert folder.broken_lines()[-1] == BrokenLine(8, "unfinished last line")
    assert [event.type for event in folder.events()] == ["session", "stimulus", "answer", "action"]
    (step,) = folder.steps()
    assert (step.answer, step.action) == (ANSWER, ACTION)


def test_an_unfinished_step_comes_last(tmp_path: Path) -> None:
    """A step that was cut off holds what is there of it."""
    second = STIMULUS.model_copy(update={"step": 1, "id": "b"})
    steps = list(session(tmp_path, *BEGUN, second).steps())
    assert [(step.stimulus.id, step.answer, step.action) for step in steps] == [("a", ANSWER, ACTION), ("b", None, None)]


def test_the_state_counts_each_answer_state_apart(tmp_path: Path) -> None:
    """The fold over the events gives one count for each of the four states, and their sum is the number of steps."""
    lines: list[Event] = [BEGUN[0]]
    for number, state in enumerate(AnswerState):
        lines += [
            STIMULUS.model_copy(update={"step": number, "id": str(number)}),
            ASK.model_copy(update={"step": number}),
            ANSWER.model_copy(update={"step": number, "outcome": state}),
            ACTION.model_copy(update={"step": number}),
        ]
    progress = session(tmp_path, *lines).progress()
    assert progress.totals()["answers"] == {"answered": 1, "refused": 1, "unparsable": 1, "failed": 1}
    assert progress.steps == 4


@pytest.mark.parametrize("ended", [False, True])
def test_a_question_whose_answer_never_came_may_have_been_paid(tmp_path: Path, ended: bool) -> None:
    """On resuming, an ask without an answer is counted, whether the process was killed or had the time to write that it stopped."""
    end = [EndEvent(reason="interrupted")] if ended else []
    progress = session(tmp_path, BEGUN[0], STIMULUS, ASK, *end, ResumeEvent(step=0), ASK, ANSWER, ACTION).progress()
    assert progress.possibly_paid == 1
    assert progress.asks == 2


def test_working_time_leaves_out_the_time_between_processes(tmp_path: Path) -> None:
    """Seconds add up within each process; a night between two of them counts nothing, and a clock set back counts nothing."""
    later = [ResumeEvent(at=90_000, step=1), STIMULUS.model_copy(update={"at": 90_002.5}), ANSWER.model_copy(update={"at": 80_000})]
    assert session(tmp_path, *BEGUN, *later).progress().seconds == pytest.approx(4 + 2.5)


def test_a_newer_version_is_refused_in_one_line(tmp_path: Path) -> None:
    """A session that a later axiofeed wrote is not read on a guess."""
    folder = session(tmp_path, record={"schema_version": SCHEMA_VERSION + 1})
    with pytest.raises(UserError, match="newer version of axiofeed; upgrade") as caught:
        folder.record()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '"text"', '{"schema_version": "one"}', '{"schema_version": null}', "\x00" * 50])
def test_a_damaged_record_is_one_clear_line(tmp_path: Path, text: str) -> None:
    """Whatever stands in session.json, reading it gives the record or a UserError that names the folder."""
    folder = session(tmp_path)
    (tmp_path / "session.json").write_text(text)
    with pytest.raises(UserError, match="no readable session folder") as caught:
        folder.record()
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_sessions_are_found_by_their_record(tmp_path: Path) -> None:
    """A run folder gives its sessions by name, a session folder itself, and a folder that is not there an error."""
    session(tmp_path / "b")
    session(tmp_path / "a")
    (tmp_path / "frames").mkdir()
    assert [folder.path.name for folder in find_sessions(tmp_path)] == ["a", "b"]
    assert [folder.path for folder in find_sessions(tmp_path / "a")] == [tmp_path / "a"]
    with pytest.raises(UserError, match="no folder"):
        find_sessions(tmp_path / "nowhere")


def test_long_traces_are_read_line_by_line(tmp_path: Path) -> None:
    """Reading is lazy: the first events are there before the rest of the file is looked at."""
    lines = read_lines(session(tmp_path, *BEGUN, b"x" * 10_000_000).trace)
    assert next(lines) == BEGUN[0]


def test_problems_are_events_and_no_steps(tmp_path: Path) -> None:
    """What could not be shown is kept by name, apart from what was shown."""
    progress = session(tmp_path, BEGUN[0], ProblemEvent(name="x.mp4", reason="cut short")).progress()
    assert progress.problems == {"x.mp4": "cut short"}
    assert progress.steps == 0
