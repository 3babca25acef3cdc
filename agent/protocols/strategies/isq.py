"""`isq`, the Inductive Scoring Questionnaire of Value-Spectrum (arXiv 2411.11479): sub-scores, from which the decision is computed.

Visual appeal, curiosity stimulation, emotional engagement, value expectation (0 to 10 each), preference match and willingness to act (0 or
1). S % = (va + cs + ee + ve + 10·pa + 10·ad) / 60 × 100; yes if S % ≥ 60. The model is not told what follows from its scores. Our choices:
the wording; "yes" is a like watched to the end and "no" a skip at 5 %; the rating is S % / 20, rounded half up. Six prompt cells: three
paraphrases × two orders of the ends of every scale.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, field_validator

from agent.protocols.base import Decision, FeedbackProtocol, no_truth_value
from agent.protocols.feed import FeedProtocol, Reason, ordered
from environments.base import ActionKind
from personas.persona import Persona

__all__ = ["Isq", "IsqAnswer", "IsqFeed"]

MOST = 60
"""The sum of a questionnaire in which everything has its highest score."""

YES_FROM = 36
"""The least sum that is a yes: 60 % of `MOST`."""

Score = Annotated[int, Field(ge=0, le=10), BeforeValidator(no_truth_value)]


class IsqAnswer(BaseModel):
    """The answer asked for. The reason comes last so that it cannot argue the scores into being."""

    visual_appeal: Score
    curiosity_stimulation: Score
    emotional_engagement: Score
    value_expectation: Score
    preference_match: Literal[0, 1]
    willingness_to_act: Literal[0, 1]
    reason: Reason = ""

    # Not as Annotated: typing takes Annotated[Literal[1, 0], …] for the Annotated[Literal[0, 1], …] that it has seen before.
    @field_validator("preference_match", "willingness_to_act", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        """For a question of yes or no, true and false mean 1 and 0."""
        return int(value) if isinstance(value, bool) else value

    @property
    def total(self) -> int:
        """The sum, 0 to 60, in which a yes counts as much as a full score."""
        graded = self.visual_appeal + self.curiosity_stimulation + self.emotional_engagement + self.value_expectation
        return graded + 10 * (self.preference_match + self.willingness_to_act)

    @classmethod
    def of_decision(cls, decision: Decision) -> dict[str, Any]:
        """The scores of a respondent that answers by rule: their sum is 12 times the rating, so that the rating comes out again.

        Preferences match from a rating of 2 on, and one would act from 4 on; the rest is spread evenly over the graded scores.
        """
        rating = decision.rating or 0
        match, act = int(rating >= 2), int(rating >= 4)
        each, more = divmod(12 * rating - 10 * (match + act), 4)
        graded = dict(zip(_GRADED, (each, each, each + (more >= 2), each + (more >= 1)), strict=True))
        return graded | {"preference_match": match, "willingness_to_act": act, "reason": decision.reason}


class IsqAnswerReversed(IsqAnswer):
    """The same answer for the cells with reversed scales."""

    preference_match: Literal[1, 0]
    willingness_to_act: Literal[1, 0]


_GRADED = ("visual_appeal", "curiosity_stimulation", "emotional_engagement", "value_expectation")
_FIELDS = (*_GRADED, "preference_match", "willingness_to_act")
_ENDS = ("0 = not at all", "10 = extremely")
_YES_NO = ("0 = no", "1 = yes")
_LEAD = (
    "Score this video for yourself. The first four are whole numbers ({ends}), the last two are yes or no ({yes_no}).",
    "How does this video do with you? Give the first four a whole number each ({ends}) and decide the last two ({yes_no}).",
    "Fill in this short form about the video, as you see it. Four whole numbers ({ends}), then two answers ({yes_no}).",
)
_ITEMS = (
    (
        "how appealing you find the pictures",
        "how curious it makes you to see more",
        "how much it stirs your feelings",
        "how much you expect to get out of watching it",
        "whether it suits your tastes",
        "whether you would act on it, such as press like, share it or look for more",
    ),
    (
        "how good it looks to you",
        "how strongly you want to know what comes next",
        "how much you feel something while you look at it",
        "how worthwhile you think watching it would be for you",
        "is it the sort of thing you prefer",
        "would you do something about it: like it, send it on, follow it up",
    ),
    (
        "the pull of its images on you",
        "the wish it wakes in you to find out more",
        "the strength of what it makes you feel",
        "the gain you would expect from seeing all of it",
        "does it fit what you are drawn to",
        "would it move you to do something, for instance like, share or search for more",
    ),
)
_FORM = (
    "Reply with one JSON object with these six fields in this order, then reason (one sentence).",
    "Give your reply as a single JSON object holding these six in order, and reason (one sentence) at the end.",
    "Answer only with a JSON object: these six fields as they stand, last reason (one sentence).",
)


class IsqFeed(FeedProtocol):
    """`feed` asked as a questionnaire."""

    task = "feed.isq"

    def asking(self, cell: int) -> str:
        """The six questions of one cell."""
        paraphrase = cell // 2
        lead = _LEAD[paraphrase].format(ends=ordered(_ENDS, cell), yes_no=ordered(_YES_NO, cell))
        items = "\n".join(f"{name}: {words}" for name, words in zip(_FIELDS, _ITEMS[paraphrase], strict=True))
        return f"{lead}\n{items}\n{_FORM[paraphrase]}"

    def answer(self, cell: int) -> type[BaseModel]:
        """The form of the answer in one cell."""
        return IsqAnswerReversed if cell % 2 else IsqAnswer

    def decision(self, answer: BaseModel) -> Decision:
        """Yes or no by the sum; all sub-scores and S % (`isq_percent`) go into `scores`."""
        assert isinstance(answer, IsqAnswer), "an answer of the form asked for"
        total = answer.total
        yes = total >= YES_FROM
        scores = {name: float(getattr(answer, name)) for name in _FIELDS} | {"isq_percent": round(total / MOST * 100, 2)}
        rating = (total + 6) // 12  # S % / 20 = total / 12, rounded half up, without a float between
        return Decision(ActionKind.LIKE if yes else ActionKind.SKIP, 1.0 if yes else 0.05, rating, answer.reason, scores)


class Isq:
    """See the module's docstring. The persona's text stands as it is."""

    name = "isq"
    protocols: tuple[str, ...] = ("feed",)
    tells = True

    def persona_text(self, persona: Persona, paraphrase: int) -> str:
        """The wording with this number."""
        return persona.text(paraphrase)

    def asked(self, protocol: FeedbackProtocol) -> FeedbackProtocol:
        """`feed` as a questionnaire."""
        return IsqFeed()
