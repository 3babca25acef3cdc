"""The first look at sessions whose counts are known."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from agent.protocols.base import AnswerState
from agent.trace.events import (
    SCHEMA_VERSION,
    ActionEvent,
    AnswerEvent,
    AskEvent,
    DecisionRecord,
    EndEvent,
    Event,
    SessionEvent,
    StimulusEvent,
)
from environments.base import ActionKind
from evals.values.first_look import MINIMUM_PER_VALUE, Look, compare, first_look
from evals.values.intervals import newcombe_paired, t_interval
from evals.values.printing import print_comparison, print_look, print_profiles
from personas.errors import UserError

LIKE, WATCH, SKIP, PASS = ActionKind.LIKE, ActionKind.WATCH, ActionKind.SKIP, ActionKind.PASS


@dataclass(frozen=True)
class Clip:
    """One step as the test wants it; `registered` false: the like did not work."""

    id: str
    action: ActionKind = WATCH
    rating: int | None = 3
    labels: dict[str, float] | None = None
    state: AnswerState = AnswerState.ANSWERED
    registered: bool = True
    caption: str = ""
    fraction: float = 0.5
    cluster: str | None = None


def session(folder: Path, *clips: Clip, persona: str = "hedonist", target: dict[str, float] | None = None) -> Path:
    """A session folder with these steps, the last of which is followed by a step that was cut off."""
    folder.mkdir(parents=True)
    record = {"schema_version": SCHEMA_VERSION, "session": folder.name, "spec": {}}
    (folder / "session.json").write_text(json.dumps(record | {"persona": {"name": persona, "target": target or {"HE": 1.0}}}))
    events: list[Event] = [SessionEvent(at=1, spec_hash="f")]
    for step, clip in enumerate(clips):
        answered = clip.state is AnswerState.ANSWERED
        decision = DecisionRecord(action=clip.action, watch_fraction=clip.fraction, rating=clip.rating, reason="r") if answered else None
        asked = clip.action if answered else PASS
        done = WATCH if asked is LIKE and not clip.registered else asked
        text = {"caption": clip.caption} if clip.caption else {}
        events += [
            StimulusEvent(step=step, id=clip.id, frames=(), text=text, duration_s=4, source="t", labels=clip.labels, cluster=clip.cluster),
            AskEvent(step=step, stage="feed", attempt=0, cell=0, prompt="h", seed=1),
            AnswerEvent(step=step, stage="feed", attempt=0, outcome=AnswerState.UNPARSABLE, final=False, raw="?"),
            AnswerEvent(step=step, stage="feed", attempt=1, outcome=clip.state, final=True, decision=decision),
            ActionEvent(step=step, asked=asked, watch_fraction=clip.fraction, done=done, advanced=True, dwell_s=1),
        ]
    events += [StimulusEvent(step=len(clips), id="cut-off", frames=(), text={}, duration_s=4, source="t", labels={"HE": 1.0})]
    events += [EndEvent(reason="interrupted")]
    (folder / "trace.jsonl").write_text("".join(event.model_dump_json(exclude_none=True) + "\n" for event in events))
    return folder


def pleasures(n: int, liked: int) -> list[Clip]:
    """`n` clips that promote hedonism, `liked` of them liked and rated 5, the others watched and rated 1."""
    return [Clip(f"he-{i}", LIKE if i < liked else WATCH, 5 if i < liked else 1, {"HE": 0.5}) for i in range(n)]


def test_rates_are_over_answered_clips(tmp_path: Path) -> None:
    """Refused, unparsable and failed clips are counted apart and are neither a like nor a no; a like that did not register is none."""
    clips = [
        Clip("a", LIKE),
        Clip("b", LIKE, registered=False),
        Clip("c", WATCH),
        Clip("d", SKIP),
        *(Clip(state.value, state=state) for state in AnswerState if state is not AnswerState.ANSWERED),
    ]
    look = first_look(session(tmp_path / "s", *clips))
    assert len(look.shown) == 7, "the step that was cut off is not among them"
    assert look.like_rate is not None
    assert (look.like_rate.estimate, look.like_rate.n, look.like_rate.method) == (0.25, 4, "Wilson")
    assert [item.liked for item in look.shown] == [True, False, False, False, False, False, False]
    assert (look.persona, look.session, look.labelled, look.groups) == ("hedonist", "s", False, ())


def test_a_group_holds_the_clips_that_promote_it(tmp_path: Path) -> None:
    """Positive labels count, negative and missing ones do not; hedonism belongs to openness alone."""
    clips = [*pleasures(12, 9), Clip("against", LIKE, 5, {"HE": -1.0}), Clip("none", LIKE, 5, {}), Clip("security", SKIP, 0, {"SE": 0.25})]
    look = first_look(session(tmp_path / "s", *clips))
    groups = {group.code: group for group in look.groups}
    assert groups["HE"].like_rate.n == 12
    assert groups["HE"].like_rate.estimate == 0.75
    assert groups["HE"].mean_rating is not None
    assert groups["HE"].mean_rating.estimate == pytest.approx((9 * 5 + 3 * 1) / 12)
    assert "SE" not in groups, "one clip is too few for a value of its own"
    assert groups["OPENNESS"].like_rate.n == 12
    assert "SELF_ENHANCEMENT" not in groups
    (conservation,) = [group for group in look.groups if group.like_rate.n == 1]
    assert conservation.like_rate.estimate == 0.0
    assert [group.code for group in look.groups][-1] == "HE", "the four groups stand before the ten values"


@pytest.mark.parametrize("n", [MINIMUM_PER_VALUE - 1, MINIMUM_PER_VALUE])
def test_a_value_is_shown_from_ten_answered_clips_on(tmp_path: Path, n: int) -> None:
    """Clips that were not answered do not make up the number."""
    refused = [Clip(f"r-{i}", labels={"HE": 1.0}, state=AnswerState.REFUSED) for i in range(20)]
    look = first_look(session(tmp_path / "s", *pleasures(n, 2), *refused))
    assert ("HE" in {group.code for group in look.groups}) == (n >= MINIMUM_PER_VALUE)


def test_a_session_without_answers_can_be_looked_at(tmp_path: Path) -> None:
    """Nothing shown, or nothing answered: no rate, no group, and it prints."""
    for name, clips in (("empty", []), ("refused", [Clip("a", state=AnswerState.REFUSED)])):
        look = first_look(session(tmp_path / name, *clips))
        assert (look.like_rate, look.groups, look.liked_most()) == (None, (), [])
        assert "Liked nothing" in printed(look)


def test_what_was_liked_most_is_best_rated_and_longest_watched_first(tmp_path: Path) -> None:
    """Rating, then the watched share, then the id; at most five."""
    clips = [
        Clip("b", LIKE, 4),
        Clip("a", LIKE, 4),
        Clip("c", LIKE, 4, fraction=0.9),
        Clip("d", LIKE, 5),
        Clip("e", WATCH, 5),
        Clip("f", LIKE, None),
    ]
    look = first_look(session(tmp_path / "s", *clips))
    assert [item.id for item in look.liked_most()] == ["d", "c", "a", "b", "f"]
    assert [item.id for item in look.liked_most(1)] == ["d"]


def test_a_comparison_is_paired_by_clip(tmp_path: Path) -> None:
    """Clips that both answered are compared, in whatever order they came; the target is the first persona's."""
    he, none = {"HE": 1.0}, {}
    one = [Clip("1", LIKE, 5, he), Clip("2", LIKE, 5, he), Clip("3", SKIP, 0, he), Clip("4", WATCH, 3, none), Clip("5", WATCH, 3, he)]
    two = [Clip("4", WATCH, 3, none), Clip("2", SKIP, 0, he), Clip("1", LIKE, 5, he), Clip("3", WATCH, 2, he), Clip("6", LIKE, 5, he)]
    two[2:2] = [Clip("5", state=AnswerState.FAILED, labels=he)]
    found = compare(
        first_look(session(tmp_path / "a", *one)), first_look(session(tmp_path / "b", *two, persona="default", target={"TR": 1}))
    )
    assert (found.paired, found.agreed, found.target) == (4, 2, ("HE",))
    assert [flip.id for flip in found.flips] == ["2", "3"], "a like against a skip is further apart than a watch"
    assert found.on_target is not None
    assert (found.on_target.estimate, found.on_target.n) == (pytest.approx(1 / 3), 3)
    assert found.overall is not None
    assert (found.overall.estimate, found.overall.n, found.overall.method) == (0.25, 4, "Newcombe paired")
    assert found.on_target == newcombe_paired(1, 1, 0, 1)
    assert found.overall == newcombe_paired(1, 1, 0, 2)
    assert (found.only_first, found.only_second) == (0, 1), "a clip that was shown and not answered is not one of the other's alone"


def test_twins_are_one_observation(tmp_path: Path) -> None:
    """Where clips share a cluster, a cluster's mean difference counts once, and the interval is Student's over clusters."""
    one = [Clip("a+", LIKE, cluster="a"), Clip("a-", LIKE, cluster="a"), Clip("b", LIKE), Clip("c", SKIP), Clip("d", SKIP, cluster="d")]
    two = [Clip("a+", SKIP, cluster="a"), Clip("a-", LIKE, cluster="a"), Clip("b", SKIP), Clip("c", SKIP), Clip("d", LIKE, cluster="d")]
    found = compare(first_look(session(tmp_path / "a", *one)), first_look(session(tmp_path / "b", *two)))
    wanted = t_interval([0.5, 1.0, 0.0, -1.0])
    assert wanted is not None
    assert found.overall == dataclasses.replace(wanted, method="t over clusters")
    assert (found.overall.n, found.paired) == (4, 5)
    apart = [[dataclasses.replace(clip, cluster=clip.id) for clip in clips] for clips in (one, two)]
    lone = compare(first_look(session(tmp_path / "c", *apart[0])), first_look(session(tmp_path / "d", *apart[1])))
    assert lone.overall == newcombe_paired(1, 2, 1, 1), "a cluster of one clip is a clip"
    shown = Console(file=io.StringIO(), width=120, highlight=False)
    print_comparison(found, "a", "b", shown)
    text = shown.file.getvalue()  # type: ignore[attr-defined]
    assert "Like rate on all clips: +12 points [" in text
    assert "95% t over clusters, n = 4" in text


def test_equal_sessions_differ_nowhere(tmp_path: Path) -> None:
    """No flips, and a difference of zero whose interval is as wide as so few clips leave it, the same to both sides."""
    look = first_look(session(tmp_path / "s", *pleasures(4, 2)))
    found = compare(look, look)
    assert (found.paired, found.agreed, found.flips) == (4, 4, ())
    assert found.overall is not None
    assert (found.overall.estimate, found.overall.n) == (0.0, 4)
    assert found.overall.low is not None
    assert found.overall.high is not None
    assert -found.overall.low == pytest.approx(found.overall.high)
    assert found.overall.high > 0.3


def test_the_comparison_says_who_is_who(tmp_path: Path) -> None:
    """The flips stand under a header with both names, first left; the differences say which is taken from which."""
    one = first_look(session(tmp_path / "a", *[Clip(f"{n}", LIKE, 5, {"HE": 1.0}) for n in range(7)], Clip("o", SKIP)))
    two = first_look(session(tmp_path / "b", *[Clip(f"{n}", SKIP, 0, {"HE": 1.0}) for n in range(7)], Clip("p", SKIP), persona="q"))
    text = compared(one, two)
    assert "hedonist against q, 7 clips in common" in text
    assert "Same action on 0 of the 7 clips that both answered. Furthest apart:\n  hedonist | q\n   like | skip   0" in text
    assert "  … and 2 more" in text
    assert re.search(r"Like rate on clips that promote Hedonism: \+100 points \[\+\d+, \+100\], 95% Newcombe paired, n = 7\n", text)
    assert "(difference hedonist − q, paired by clip, in percentage points)" in text
    assert "hedonist against hedonist, same clips" in compared(one, one)
    assert "hedonist | hedonist" not in compared(one, one), "no header over no flips"
    aimless = first_look(session(tmp_path / "c", Clip("0", LIKE), persona="default", target={"HE": 0.0}))
    assert "default has no target value" in compared(aimless, two)
    assert "No clip that both answered promotes the target of q (Tradition)." in compared(
        first_look(session(tmp_path / "d", Clip("0", LIKE, labels={"HE": 1.0}), persona="q", target={"TR": 1.0})), one
    )


def compared(first: Look, second: Look) -> str:
    console = Console(file=io.StringIO(), width=120, highlight=False)
    print_comparison(compare(first, second), first.persona, second.persona, console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_sessions_with_nothing_in_common_are_not_compared(tmp_path: Path) -> None:
    """Other clips: nothing is paired, nothing estimated, and it prints."""
    one, two = (first_look(session(tmp_path / name, Clip(name))) for name in "ab")
    found = compare(one, two)
    assert (found.paired, found.on_target, found.overall) == (0, None, None)
    console = Console(file=io.StringIO(), width=120)
    print_comparison(found, "a", "b", console)
    assert "nothing to compare" in console.file.getvalue()  # type: ignore[attr-defined]


def printed(*looks: Look, width: int = 120) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for look in looks:
        print_look(look, console)
    print_profiles(looks, console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def row(text: str, name: str) -> list[str]:
    """The cells of each line that begins with this name, two blanks or more apart."""
    return [re.sub(r"\s{2,}", " | ", line.strip()) for line in text.splitlines() if line.strip().startswith(name)]


def test_the_profile_calls_itself_preliminary_and_shows_its_intervals(tmp_path: Path) -> None:
    """Rates stand with Wilson's interval and n, means with t, and captions are shown as text whatever is in them."""
    nasty = "[bold]x[/bold] [/] \x1b[31m {0} \u202e end"
    look = first_look(session(tmp_path / "s", *pleasures(12, 9), Clip("n", LIKE, 5, {"HE": 1.0}, caption=nasty, fraction=0.9)))
    text = printed(look)
    assert "PRELIMINARY" in text
    assert row(text, "like rate") == ["like rate [95% Wilson] | hedonist"]
    assert row(text, "mean rating") == ["mean rating 0–5 [95% t] | hedonist"]
    mean = t_interval([5] * 10 + [1] * 3)
    assert mean is not None
    assert mean.low is not None
    assert mean.high is not None
    assert row(text, "Hedonism") == [
        "Hedonism | 77% [50%, 92%] (13)",
        f"Hedonism | {mean.estimate:.2f} [{mean.low:.2f}, {min(5.0, mean.high):.2f}] (13)",
    ]
    assert "[bold]x[/bold] [/]" in text
    assert "\x1b" not in text
    assert "13 clips shown: 10 liked, 3 watched, 0 skipped; 0 refused, 0 unparsable, 0 failed." in text


def test_two_profiles_stand_side_by_side(tmp_path: Path) -> None:
    """One column a persona, in the order given, one row a group that either has; who lacks it has a dash; few ratings get no interval."""
    one = first_look(session(tmp_path / "a", *pleasures(12, 9)))
    two = first_look(session(tmp_path / "b", *pleasures(4, 0), Clip("tr", LIKE, 4, {"TR": 1.0}), persona="traditionalist"))
    text = printed(one, two)
    assert text.count("PRELIMINARY") == 1
    assert row(text, "like rate") == ["like rate [95% Wilson] | hedonist | traditionalist"]
    rates, ratings = row(text, "Conservation")
    assert (rates, ratings) == ("Conservation | – | 100% [21%, 100%] (1)", "Conservation | – | 4.00 (1)")
    rates, ratings = row(text, "Openness")
    assert rates == "Openness | 75% [47%, 91%] (12) | 0% [0%, 49%] (4)"
    assert ratings.endswith("| 1.00 (4)"), "equal ratings claim no interval"
    assert len(row(text, "Hedonism")) == 2
    assert all(line.endswith("| –") for line in row(text, "Hedonism")), "four clips are too few for one value"
    assert "single values from 10 clips on" in " ".join(text.split())


def test_a_few_ratings_get_a_mean_and_no_interval(tmp_path: Path) -> None:
    """Below five ratings Student's interval is wider than the scale: it is not printed; from five on it is, within the scale."""
    for n in (4, 5):
        clips = [Clip(f"{i}", LIKE, 5 if i else 3, {"TR": 1.0}) for i in range(n)]
        (_, ratings) = row(printed(first_look(session(tmp_path / f"{n}", *clips))), "Conservation")
        assert ratings == {4: "Conservation | 4.50 (4)", 5: "Conservation | 4.60 [3.49, 5.00] (5)"}[n]


@pytest.mark.parametrize("clip", [Clip("a", LIKE, 5), Clip("a", labels={"HE": 1.0}, state=AnswerState.REFUSED)])
def test_where_there_is_no_profile_it_says_why(tmp_path: Path, clip: Clip) -> None:
    """Clips without labels, and labelled clips none of which was answered, are two reasons."""
    why = "no clip was answered" if clip.labels else "the clips of this feed carry no value labels"
    text = printed(first_look(session(tmp_path / "s", clip)))
    assert f"No value profile: {why}." in text
    assert "PRELIMINARY" not in text


def test_a_folder_that_is_no_session_is_the_users_to_mend(tmp_path: Path) -> None:
    """It says which folder, in one line; so does a session.json that lacks what a look needs."""
    with pytest.raises(UserError, match="no readable session folder"):
        first_look(tmp_path)
    (tmp_path / "session.json").write_text('{"schema_version": 1, "spec": {}}')
    with pytest.raises(UserError, match=str(tmp_path)):
        first_look(tmp_path)
