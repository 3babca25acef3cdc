"""Secrets stay out of the record, and the record stays what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.redaction import known_secrets, redact
from agent.trace.reader import SessionFolder
from environments.base import StimulusText
from tests.agent.driving import GOOD, GivenFeed, Reply, Spy, drive, of, stimulus

KEY = "sk-proj-Ab3dEf6hIj9kLm2nOp5q"
AWKWARD = 'pass"word\\with\tall é 123'


async def test_keys_that_a_model_repeats_are_not_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The value of a variable named like a secret, and what is shaped like a key, are stars in the trace, also where JSON escapes them."""
    monkeypatch.setenv("MY_DB_PASSWORD", AWKWARD)
    monkeypatch.setenv("VAULT_TOKEN", "plain-old-token-0001")
    said = f"{AWKWARD} and plain-old-token-0001 and {KEY} and Authorization: Bearer abcdefghijklmnop.qrst"
    await drive(tmp_path / "s", Spy([Reply(said), Reply(json.dumps(GOOD | {"reason": said}))]), GivenFeed([stimulus(0)]))
    trace = (tmp_path / "s" / "trace.jsonl").read_text()
    assert json.loads(json.dumps(trace))
    for secret in (
        AWKWARD,
        json.dumps(AWKWARD)[1:-1],
        json.dumps(AWKWARD, ensure_ascii=False)[1:-1],
        "plain-old-token",
        KEY,
        "abcdefghijklmnop",
    ):
        assert secret not in trace
    assert SessionFolder(tmp_path / "s").broken_lines() == []


@pytest.mark.parametrize(
    "innocent",
    [
        "desk-setup-tour-for-beginners.mp4",
        "risk-assessment-in-two-minutes.webm",
        "ask-me-anything-about-volcanoes.mov",
        "Task-oriented-morning-routine",
        "sk-bratislava-old-town-walking-tour.mp4",
        "Ring Bearer mischief-at-the-wedding-of-the-year",
    ],
)
async def test_words_of_a_feed_are_stored_as_they_are(tmp_path: Path, innocent: str) -> None:
    """A file name or caption with sk- in it is no key: ids stay what the feed calls them, or no session could be resumed."""
    clip = stimulus(0, id=innocent, text=StimulusText(caption=innocent))
    await drive(tmp_path / "s", Spy(), GivenFeed([clip]))
    (shown,) = of(tmp_path / "s", "stimulus")
    assert (shown["id"], shown["text"]["caption"]) == (innocent, innocent)


async def test_a_numeric_secret_does_not_break_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seeds and times are numbers in the file: a password of digits that occurs in one does not make the line unreadable."""
    await drive(tmp_path / "a", Spy(), GivenFeed([stimulus(0)]))
    seed = str(of(tmp_path / "a", "ask")[0]["seed"])
    monkeypatch.setenv("PIN_SECRET", seed[:12])
    await drive(tmp_path / "b", Spy(), GivenFeed([stimulus(0)]))
    assert SessionFolder(tmp_path / "b").broken_lines() == []


def test_what_counts_as_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that end in KEY, TOKEN, SECRET or PASSWORD, with values of a length that no common word has."""
    for name, value in {"A_KEY": "v" * 12, "TOKEN": "w" * 12, "MONKEY": "x" * 12, "B_KEY": "short", "KEYBOARD": "z" * 12}.items():
        monkeypatch.setenv(name, value)
    found = known_secrets()
    assert {"v" * 12, "w" * 12} <= set(found)
    assert not {"x" * 12, "short", "z" * 12} & set(found)
    assert redact("a " + "v" * 12, found) == "a ***"
