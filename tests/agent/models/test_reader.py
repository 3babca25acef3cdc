"""The embedded reader: what it reaches on captions and personas, what its answers keep to, and that nothing it is shown can harm it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import BaseModel, Field

from agent.models.base import Design, Prompt, Turn
from agent.models.reader import build
from agent.models.reader.deciding import Evidence, decide, probabilities, utility
from agent.models.reader.model import Reader
from agent.models.reader.polarity import segments
from agent.models.reader.taste import NO_TASTE, read_taste
from agent.models.reader.values import ValueScale, anchors, value_scale
from agent.models.reader.words import words
from agent.models.registry import ModelOptions, make_model
from agent.protocols.base import AnswerState, Decision, Question, stimulus_slots
from agent.protocols.feed import FeedAnswer, FeedProtocol
from agent.protocols.staged import StagedProtocol
from environments.base import ActionKind, Frame, Stimulus, StimulusText
from environments.catalogue.specs import ClipSpec, load_clips
from environments.embed import WordLlamaEmbedder
from environments.moments import moments
from personas.errors import ModelSetupError
from personas.persona import load_persona
from personas.schwartz import VALUES
from tests.agent.models.reader_figures import (
    HIGH,
    LOW,
    action_rates,
    all_words,
    catalogue_auc,
    catalogue_evidence,
    heldout,
    heldout_apart,
    heldout_auc,
    promotes,
    shares_wording,
    shifts,
    targets_first,
    twins_in_order,
)

MOVE_ON = {ActionKind.SKIP: 0, ActionKind.WATCH: 1, ActionKind.LIKE: 2}


def shown(clip: ClipSpec, frames: tuple[Frame, ...] = ()) -> Stimulus:
    """A catalogue clip without its pictures; the overlay stands in the transcript, as if read from the screen."""
    text = StimulusText(caption=clip.caption, author=clip.author, hashtags=clip.hashtags, sound=clip.sound, transcript=clip.overlay)
    return Stimulus(clip.id, 0, frames, text, clip.duration_s, "catalogue")


def said(caption: str, frames: tuple[Frame, ...] = ()) -> Stimulus:
    return Stimulus("s", 0, frames, StimulusText(caption=caption), 8.0, "test")


def feed_prompt(stimulus: Stimulus, persona: str, seed: int) -> Prompt:
    slots = stimulus_slots(stimulus) | {"persona": persona, "memory": "", "persona_name": "p"}
    return replace(FeedProtocol().prompt(Question("feed", 0), stimulus, slots, seed), step_seed=seed)


async def ask_feed(reader: Reader, stimulus: Stimulus, persona: str, seed: int) -> Decision:
    prompt = feed_prompt(stimulus, persona, seed)
    interpretation = FeedProtocol().interpret("feed", await reader.ask(prompt), stimulus)
    assert interpretation.state is AnswerState.ANSWERED
    assert interpretation.decision is not None
    return interpretation.decision


def picture(line: str = "", *, shade: int = 90, size: tuple[int, int] = (360, 640)) -> Frame:
    """A plain frame with one line of words on it."""
    import io

    from PIL import Image, ImageDraw, ImageFont

    canvas = Image.new("RGB", size, (shade, shade, shade + 20))
    if line:
        ImageDraw.Draw(canvas).text((24, 500), line, font=ImageFont.load_default(26), fill="white")
    out = io.BytesIO()
    canvas.save(out, "JPEG", quality=85)
    return Frame.of(out.getvalue(), 0.0)


# What it reaches


@pytest.mark.parametrize("captions", [heldout_apart, heldout])
def test_reads_held_out_captions(captions: Callable[[], dict[str, list[str]]]) -> None:
    """On captions without three words in a row of any anchor, and on all 210: AUC at least .65 for every value and .78 on average."""
    of = captions()
    counts = {code: len(texts) for code, texts in of.items()}
    assert sum(counts.values()) >= 100, counts
    assert min(counts.values()) >= 8, counts
    found = heldout_auc(of)
    assert min(found.values()) >= 0.65, (found, counts)
    assert statistics.mean(found.values()) >= 0.78, (found, counts)


def test_shared_wording_with_anchors_is_noticed() -> None:
    """Three words in a row of an anchor mark a caption, whatever its case and punctuation; two do not."""
    anchor = anchors()["HE"][0].split()
    assert shares_wording(f"Well: {anchor[0].upper()}, {anchor[1]}... {anchor[2]}!")
    assert not shares_wording(f"zanzibar {anchor[0]} {anchor[1]} zanzibar")
    assert sum(map(len, heldout().values())) - sum(map(len, heldout_apart().values())) == 60


def test_reads_the_catalogue() -> None:
    """On the catalogue's clips, by caption, overlay and hashtags: AUC at least .65 for every value and .78 on average."""
    found = catalogue_auc(all_words)
    assert min(found.values()) >= 0.65, found
    assert statistics.mean(found.values()) >= 0.78, found


def test_tells_twins_apart() -> None:
    """Of twins that differ in a few words, the carrying one has the higher degree: in 75 of 100 pairs at least, in most of each value."""
    higher = twins_in_order()
    assert sum(higher.values()) >= 75, higher
    assert min(higher.values()) > 5, higher


@pytest.mark.parametrize("paraphrase", [0, 1, 2])
def test_hedonist_and_traditionalist_differ_on_hedonist_clips(paraphrase: int) -> None:
    """The hedonist's like rate on hedonist clips is at least 20 points above the traditionalist's, whatever the wording."""
    on = promotes("HE")
    difference = (action_rates("hedonist", paraphrase) - action_rates("traditionalist", paraphrase))[on].mean()
    assert difference >= 0.20


@pytest.mark.parametrize("paraphrase", [0, 1, 2])
def test_high_personas_shift_most_on_their_own_target(paraphrase: int) -> None:
    """Against the default persona, the like rate rises most on a persona's own target for at least 7 of the 10, in biographies too."""
    assert len(targets_first(HIGH, paraphrase)) >= 7


@pytest.mark.parametrize("paraphrase", [0, 1])
def test_low_personas_shift_most_on_their_own_target(paraphrase: int) -> None:
    """Where a text says what its person turns away from, the like rate falls most there for at least 7 of the 10."""
    assert len(targets_first(LOW, paraphrase, sign=-1)) >= 7


@pytest.mark.parametrize("paraphrase", [0, 1, 2])
def test_ordinary_viewer_likes_and_skips_at_plausible_rates(paraphrase: int) -> None:
    """The default persona likes 15 to 30 % of the catalogue and skips 30 to 50 %."""
    assert 0.15 <= action_rates("default", paraphrase).mean() <= 0.30
    assert 0.30 <= action_rates("default", paraphrase, ActionKind.SKIP).mean() <= 0.50


@pytest.mark.parametrize("persona", ["neutral", "irrelevant", "consistent"])
def test_controls_shift_less_than_targets(persona: str) -> None:
    """A text without values moves no value's like rate by more than half of what the ten personas move their targets by."""
    own = statistics.mean(shifts(HIGH[v], 0)[v] for v in VALUES)
    assert max(abs(s) for s in shifts(persona, 0).values()) <= own / 2


def test_empty_persona_has_no_lean() -> None:
    """No text, no lean: every post with the same look gets the same chances."""
    assert read_taste("", value_scale()) == NO_TASTE
    assert len({round(rate, 9) for rate in action_rates("empty", 0)}) == 1


async def test_asked_through_the_protocol_it_does_what_the_figures_say() -> None:
    """Drawn answers to whole prompts show the rates that the probabilities promise, within three standard errors."""
    reader = Reader()
    clips = [clip for clip in load_clips() if clip.values.get("HE", 0) > 0]
    for name in ("hedonist", "traditionalist"):
        persona = load_persona(name).text(0)
        liked = [(await ask_feed(reader, shown(c), persona, seed)).action is ActionKind.LIKE for seed in range(4) for c in clips]
        expected = float(action_rates(name, 0)[promotes("HE")].mean())
        error = 3 * np.sqrt(expected * (1 - expected) / len(liked))
        assert statistics.mean(liked) == pytest.approx(expected, abs=error)


def test_reads_a_persona_that_a_user_wrote() -> None:
    """Not only library texts: plain words about oneself give the lean they speak of, in the first person too."""
    scale = value_scale()
    assert read_taste("I live for storms, bungee jumps and last-minute trips. Quiet evenings at home bore me.", scale).leading == "ST"
    assert read_taste("I pray every morning and keep the old feast days of my village, as my grandmother did.", scale).leading == "TR"
    away = read_taste("I hate luxury cars, bosses who give orders and people who show off their gold watches.", scale)
    assert away.leading == "PO"
    assert away.weights["PO"] < 0


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("You enjoy long dinners.", [1]),
        ("Medals and records leave you cold.", [-1]),
        ("You do not care for medals.", [-1]),
        ("You like quiet streets, but loud races bore you.", [1, -1]),
        ("You would rather watch clouds drift by than a race.", [1, -1]),
        ("You mend chairs instead of buying new ones.", [1, -1]),
        ("You spoil yourself without guilt.", [1]),
        ("!!! ??", []),
    ],
)
def test_notices_what_a_persona_turns_away_from(sentence: str, expected: list[int]) -> None:
    """Parts of a sentence are marked as turned towards or away from, by its cues."""
    assert [sign for _, sign in segments(sentence)] == expected


# What its answers keep to


async def test_same_prompt_and_seed_give_the_same_answer() -> None:
    """Two readers answer one prompt with the same words; over many seeds the answers vary."""
    stimulus = shown(load_clips()[0])
    persona = load_persona("default").text(0)
    first, second = Reader(), Reader()
    assert (await first.ask(feed_prompt(stimulus, persona, 5))).text == (await second.ask(feed_prompt(stimulus, persona, 5))).text
    assert len({(await ask_feed(first, stimulus, persona, seed)).action for seed in range(40)}) == 3


async def test_one_liking_a_step() -> None:
    """Asked again at the same step, with another seed for the attempt, it answers the same; at another step it may not."""
    reader, prompt = Reader(), feed_prompt(said("a bus"), "", 3)
    again = replace(prompt, seed=prompt.seed + 1)
    assert (await reader.ask(again)).text == (await reader.ask(prompt)).text
    assert len({(await reader.ask(replace(prompt, step_seed=step))).text for step in range(40)}) > 20


async def test_personas_draw_independently() -> None:
    """Two personas with the same lean and the same seeds do not agree beyond chance: what one draws says nothing of the other."""
    reader, stimulus = Reader(), said("", (picture(),))
    drawn = [[(await ask_feed(reader, stimulus, text, seed)).watch_fraction for seed in range(300)] for text in ("", "?!")]
    assert read_taste("?!", value_scale()) == NO_TASTE
    assert abs(np.corrcoef(drawn)[0, 1]) < 0.2


async def test_labels_and_names_make_no_difference() -> None:
    """It is no synthetic respondent: the study's labels, the persona's name, the author and the counts do not reach the decision."""
    reader = Reader()
    assert reader.synthetic is False
    prompt = feed_prompt(shown(load_clips()[3]), load_persona("hedonist").text(0), 1)
    design = Design({"HE": 1.0}, {"HE": -1.0})
    told = Prompt(
        **{**vars(prompt), "design": design, "slots": {**prompt.slots, "persona_name": "ascetic", "author": "x", "counts": "likes: 9"}}
    )
    assert (await reader.ask(told)).text == (await reader.ask(prompt)).text


def test_channels_agree() -> None:
    """Action, watch fraction and rating rise together: each decision is a function of one liking."""
    evidence = catalogue_evidence()[0]
    drawn = [decide(evidence, NO_TASTE, step_seed=seed, stimulus_id="s", persona="") for seed in range(400)]
    by_liking = sorted(drawn, key=lambda d: d.watch_fraction)
    assert [MOVE_ON[d.action] for d in by_liking] == sorted(MOVE_ON[d.action] for d in drawn)
    assert [d.rating for d in by_liking] == sorted(d.rating for d in drawn if d.rating is not None)
    assert all(d.rating <= 2 for d in drawn if d.action is ActionKind.SKIP and d.rating is not None)
    assert all(d.rating >= 3 for d in drawn if d.action is ActionKind.LIKE and d.rating is not None)


def test_who_still_watches_did_not_skip() -> None:
    """Where skipping is not among the options, a liking that would skip counts as just above it, and any other stays as it was."""
    evidence = catalogue_evidence()[0]
    for step in range(200):
        whole = decide(evidence, NO_TASTE, step_seed=step, stimulus_id="s", persona="")
        left = decide(evidence, NO_TASTE, step_seed=step, stimulus_id="s", persona="", options=("watch", "like"))
        if whole.action is ActionKind.SKIP:
            assert (left.action, left.rating) == (ActionKind.WATCH, 2)
        else:
            assert left == whole


async def test_staged_asks_twice_and_likes_as_often() -> None:
    """Glance then react: where both stages show the same, they end as the single question of `feed` does, step by step."""
    reader, protocol, likes = Reader(), StagedProtocol(), []
    clips, persona = load_clips()[:300], load_persona("default").text(0)
    for seed, clip in enumerate(clips):
        stimulus = shown(clip)
        slots = stimulus_slots(stimulus) | {"persona": persona, "memory": ""}
        whole = await ask_feed(reader, stimulus, persona, seed)
        glance = await reader.ask(replace(protocol.prompt(Question("glance", 0), stimulus, slots, 2 * seed), step_seed=seed))
        first = protocol.interpret("glance", glance, stimulus).decision
        assert first is not None
        assert (first.action is ActionKind.SKIP) == (whole.action is ActionKind.SKIP)
        if protocol.next_stage("glance", first) is None:
            likes.append(False)
            continue
        question = Question("react", 0, {"glance": glance.text})
        react = replace(protocol.prompt(question, stimulus, slots, 2 * seed + 1), step_seed=seed)
        second = protocol.interpret("react", await reader.ask(react), stimulus).decision
        assert second is not None
        assert (second.action, second.rating, second.watch_fraction) == (whole.action, whole.rating, whole.watch_fraction)
        likes.append(second.action is ActionKind.LIKE)
    rates = [probabilities(utility(e, read_taste(persona, value_scale())))[ActionKind.LIKE] for e in catalogue_evidence()[:300]]
    assert statistics.mean(likes) == pytest.approx(statistics.mean(rates), abs=3 * np.sqrt(0.2 * 0.8 / 300))


class Rated(BaseModel):
    """A later protocol's answer: a scale of its own, a yes or no, a choice."""

    score: Annotated[int, Field(ge=1, le=7)]
    again: bool
    verdict: Literal["yes", "no"]


async def test_answers_a_protocol_it_does_not_know() -> None:
    """Fields are filled by their kind: a rating on the field's own scale, a yes/no, a choice."""
    prompt = Prompt("later", "", (Turn("user", "?"),), Rated, 3, slots={"caption": "melting chocolate cake in bed", "persona": ""})
    Rated.model_validate_json((await Reader().ask(prompt)).text)


async def test_reason_says_what_was_read() -> None:
    """The reason names the texts, the value read, and the persona's lean; the post's own words are not repeated."""
    persona = load_persona("hedonist").text(0)
    decision = await ask_feed(Reader(), said("bubble bath, chocolate cake and a long lazy nap"), persona, 0)
    assert decision.reason.startswith("caption read as Hedonism (.")
    assert decision.reason.endswith("; the persona leans to Hedonism")
    assert "chocolate" not in decision.reason


async def test_reply_is_free_and_names_its_versions() -> None:
    """No tokens, no cost, a measured latency, and a version that names encoder, anchors and OCR."""
    reply = await Reader().ask(feed_prompt(said("a bus"), "", 0))
    assert (reply.usage.input, reply.usage.output, reply.cost_usd) == (0, 0, 0)
    assert Reader().most_usd(feed_prompt(said("a bus"), "", 0)) == 0
    assert 0 < reply.latency_s < 5
    assert reply.model_version.startswith("reader-2+wordllama/")


def test_decides_within_milliseconds() -> None:
    """A post that was not met before takes a few milliseconds, OCR aside (of the faster half, and with room for a busy machine)."""
    scale, taken = ValueScale(WordLlamaEmbedder()), []
    for clip in load_clips()[:60]:
        start = time.perf_counter()
        scale.degrees(words((clip.caption, clip.overlay)))
        taken.append(time.perf_counter() - start)
    assert sorted(taken)[len(taken) // 4] < 0.02


def test_anchors_are_as_designed() -> None:
    """60 phrases a value and 80 without a value, none twice."""
    found = anchors()
    assert Counter({code: len(phrases) for code, phrases in found.items()}) == Counter(dict.fromkeys(VALUES, 60) | {"NONE": 80})
    assert len({phrase for phrases in found.values() for phrase in phrases}) == 680


# The pictures


def overlap(lines: Sequence[str], overlay: str) -> bool:
    def plain(text: str) -> str:
        return "".join(filter(str.isalnum, text.lower()))

    return plain(" ".join(lines)) == plain(overlay)


async def test_reads_the_overlay_of_rendered_clips(tmp_path: Path) -> None:
    """On real video of the catalogue the overlay is read letter by letter, and decides where nothing else is said."""
    from environments.catalogue.render import render
    from environments.video import sample_frames

    reader = Reader(tmp_path)
    clips = sorted(load_clips(), key=lambda clip: clip.duration_s)[:200:33]
    assert len(clips) >= 5
    for clip in clips:
        frames = sample_frames(render(clip, tmp_path), moments(3))
        assert overlap(reader._screen.read(frames), clip.overlay), clip.id
        decision = await ask_feed(reader, said("", frames), "", 0)
        assert decision.reason.startswith("on-screen text read as")
    read = reader._screen.frames_read
    assert read < 3 * len(clips)  # an overlay that stays is not read again
    again = Reader(tmp_path)
    for clip in clips:
        assert overlap(again._screen.read(sample_frames(render(clip, tmp_path), moments(3))), clip.overlay)
    assert again._screen.frames_read == 0  # and a frame read once is never read again


def test_reads_words_that_appear_later(tmp_path: Path) -> None:
    """The same frame is read once, and a frame whose words have changed is read as well."""
    reader = Reader(tmp_path)
    still, later = picture("grandmother's bread"), picture("and then the storm")
    assert reader._screen.read([still, still, still]) == ("grandmother's bread",)
    assert reader._screen.frames_read == 1
    assert set(reader._screen.read([still, still, later])) == {"grandmother's bread", "and then the storm"}


async def test_a_picture_without_words_is_decided_near_the_base_rate(tmp_path: Path) -> None:
    """No words at all: the look moves the chances a little, the persona not at all, and the reason says so."""
    reader = Reader(tmp_path)
    decision = await ask_feed(reader, said("", (picture(), picture(shade=140))), load_persona("hedonist").text(0), 0)
    assert decision.reason.startswith("no words to read, decided from the look of 2 pictures alone")
    blank = reader.evidence({}, (), (picture(), picture(shade=140)), value_scale())
    assert 0 < abs(blank.appeal) <= 0.3
    assert utility(blank, read_taste(load_persona("hedonist").text(0), value_scale())) == pytest.approx(2.35, abs=0.3)


async def test_bytes_that_are_no_picture_count_as_unseen(tmp_path: Path) -> None:
    """A frame that cannot be opened, is cut short or is one pixel large is passed over."""
    frames = (Frame.of(b"no picture", 0.0), Frame.of(picture("hello there").jpeg[:900], 0.5), picture(size=(1, 1)))
    decision = await ask_feed(Reader(tmp_path), said("", frames), "", 0)
    assert decision.reason.startswith("no words to read")


async def test_a_cache_that_cannot_be_used_costs_only_time(tmp_path: Path) -> None:
    """A cache folder that is a file, or holds rubbish, does not stop an answer."""
    (tmp_path / "file").write_text("x")
    assert Reader(tmp_path / "file")._screen.read([picture("door number nine")]) == ("door number nine",)
    reader = Reader(tmp_path)
    reader._screen.read([picture("door number nine")])
    for stored in tmp_path.rglob("*.json"):
        stored.write_text('[["x"]]')
    assert Reader(tmp_path)._screen.read([picture("door number nine")]) == ("door number nine",)


# What it withstands


@pytest.mark.parametrize(
    "caption",
    [
        "",
        " \n\t",
        "a" * 1_000_000,
        "pleasure " * 120_000,
        "\x00\x1b[2J\u202e\ud800 {action}",
        "你好，世界",
        "🙂" * 5000,
        "$persona ${caption}",
    ],
    ids=["empty", "blank", "one-word-megabyte", "many-words-megabyte", "control", "chinese", "emoji", "slots"],
)
async def test_hostile_text_gets_an_ordinary_answer(caption: str) -> None:
    """Whatever a caption holds, the answer is valid, quick and does not repeat it."""
    reader = Reader()
    slots = {"caption": caption, "hashtags": caption, "transcript": caption, "persona": caption}
    start = time.perf_counter()
    reply = await reader.ask(Prompt("feed", "", (Turn("user", ""),), FeedAnswer, 1, slots=slots))
    assert time.perf_counter() - start < 5
    assert FeedProtocol().interpret("feed", reply, said("")).state is AnswerState.ANSWERED
    assert len(reply.text) < 500


_ALONE = """
import socket, sys
from pathlib import Path

def refuse(*_, **__):
    raise AssertionError("the reader opened a socket")

for name in ("connect", "connect_ex", "sendto"):
    setattr(socket.socket, name, refuse)
socket.getaddrinfo = refuse

from agent.models.reader.screen import ScreenReader
from agent.models.reader.values import value_scale
from agent.models.reader.words import words
from environments.base import Frame

assert value_scale().degrees(words(("gold medal after the final",))).max() > 0.5
jpegs = [Path(name).read_bytes() for name in sys.argv[2:]]
assert ScreenReader(Path(sys.argv[1])).read([Frame.of(jpeg, 0.0) for jpeg in jpegs]) == ("gold medal",)
"""


def test_needs_no_network_and_says_nothing(tmp_path: Path) -> None:
    """In a fresh process, with every socket refused, weights and OCR models load and read, and nothing is written to the terminal."""
    files = [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    for file, line in zip(files, ("gold medal", ""), strict=True):
        file.write_bytes(picture(line).jpeg)
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, str(tmp_path / "cache"), *map(str, files)], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_loads_nothing_heavy_before_it_is_used() -> None:
    """Naming the reader imports neither numpy nor OCR."""
    code = (
        "import sys, agent.models.reader; print([m for m in ('numpy', 'PIL', 'rapidocr', 'wordllama', 'onnxruntime') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_takes_no_options() -> None:
    """Whatever is asked of it that it lacks is refused in one line; alone, its name makes a reader."""
    assert make_model("reader").name == "reader"
    with pytest.raises(ModelSetupError, match="there is one reader"):
        build("big", ModelOptions())
    with pytest.raises(ModelSetupError, match="base-url"):
        build("", ModelOptions(base_url="http://127.0.0.1"))
    with pytest.raises(ModelSetupError, match="gain"):
        build("", ModelOptions(extra={"gain": "3"}))


def test_utility_is_the_documented_sum() -> None:
    """BASE + appeal + GAIN × Σ weight (degree − TYPICAL); without words, the first two."""
    taste = read_taste(load_persona("hedonist").text(0), value_scale())
    degrees = dict.fromkeys(VALUES, 0.12) | {"HE": 0.92}
    assert utility(Evidence(degrees, 0.1, ("caption",), 1), taste) == pytest.approx(2.35 + 0.1 + 2.5 * 0.8 * taste.weights["HE"], abs=1e-3)
    assert utility(Evidence(degrees, 0.1, (), 1), taste) == pytest.approx(2.45)
