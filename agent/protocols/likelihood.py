"""`likelihood`: a question whose options are not shown; how likely each would be as the answer is asked of the model itself.

Each option stands as the answer after the question, and the sum of the log-probabilities of its tokens is taken (`ScoringModel.score`).
Three rules choose among the options, and all are in the decision's scores, by letter of the place shown:

    mean   sum / tokens: the rule of the benchmark Ch3Ef (arXiv 2403.17830); it favours a style, and long words of few tokens
    sum    the probability of the whole option, which favours short ones
    pmi    sum after the question − sum after "Answer:" alone, without pictures, examples and persona: what these add to an option that
           may be likely or not by itself (domain-conditional PMI; Holtzman et al. 2021, arXiv 2104.08315, section 3)

The decision's own place is that of `mean`. Three prompt cells: paraphrases. Examples are earlier turns, answered by an option's words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import BaseModel

from agent.models.base import Likelihood, Prompt, Reply, Turn
from agent.protocols.base import AnswerState, Decision, Interpretation, PromptTemplate, Question
from agent.protocols.choice import CHOICE, LETTERS
from environments.base import ActionKind, Example, Stimulus

__all__ = ["MERGED", "RULES", "LikelihoodProtocol", "likeliest", "rule_scores"]

RULES = ("mean", "sum", "pmi")
"""The first is the decision's."""
TOKENS = "tokens"
MERGED = "merged"
"""The name, among a decision's scores, of how many options share a token with the end of the prompt."""
_ASK = (
    "Answer the question in as few words as it needs.",
    "What is the answer? Give it in brief.",
    "Say only what the answer to the question is.",
)
_NEUTRAL = "Answer:"


class NoForm(BaseModel):
    """Nothing is written, so nothing is asked for in a form."""


class LikelihoodProtocol:
    """See the module's docstring."""

    name = "likelihood"
    deck = True
    needs_options = True
    examples = True
    scores_given = True
    cells = len(_ASK)
    first_stage = "question"
    first_moment = False

    def template(self, stage: str, cell: int) -> PromptTemplate:
        """The words of one cell, 0 ≤ cell < 3."""
        return PromptTemplate("$persona", f"$caption\n\n{_ASK[cell]}", NoForm)

    def prompt(self, question: Question, stimulus: Stimulus, slots: Mapping[str, str], seed: int) -> Prompt:
        """The question after its pictures, and the options as what might follow, in the order shown."""
        template = self.template(question.stage, question.cell)
        system, user = template.render(slots)
        return Prompt(
            task=self.name,
            system=system,
            turns=(*_answered(stimulus.examples, question.cell), Turn("user", user, stimulus.frames)),
            answer=NoForm,
            seed=seed,
            slots=slots,
            stimulus_id=stimulus.id,
            max_output_tokens=1,
            given=tuple(" ".join(option.split()) for option in stimulus.text.options),
            neutral=(Turn("user", _NEUTRAL),),
        )

    def interpret(self, stage: str, reply: Reply, stimulus: Stimulus) -> Interpretation:
        """The place of the option that `mean` finds likeliest, and the figures of all. Of options alike the first shown is taken."""
        if reply.refusal is not None:
            return Interpretation(AnswerState.REFUSED, fault="the provider marked it as a refusal")
        if len(reply.likelihoods) != len(stimulus.text.options):
            return Interpretation(AnswerState.UNPARSABLE, fault="the options were not scored")
        scores = rule_scores(reply.likelihoods)
        place = likeliest(scores, len(reply.likelihoods))
        assert place is not None, "the mean is there for each option"
        return Interpretation(AnswerState.ANSWERED, Decision(ActionKind.PASS, 0.0, None, "", {CHOICE: float(place), **scores}))

    def next_stage(self, stage: str, decision: Decision) -> str | None:
        """There is only one stage."""
        return None


def rule_scores(likelihoods: Sequence[Likelihood]) -> dict[str, float]:
    """By "rule.LETTER": sum, mean and (where it was asked for) pmi in natural logarithms, tokens; `MERGED`: options with such a border."""
    found: dict[str, float] = {}
    for letter, each in zip(LETTERS, likelihoods, strict=False):
        found |= {f"sum.{letter}": each.total, f"{TOKENS}.{letter}": float(each.tokens), f"mean.{letter}": each.total / each.tokens}
        if each.alone is not None:
            found[f"pmi.{letter}"] = each.total - each.alone
    return found | {MERGED: float(sum(each.merged for each in likelihoods))}


def likeliest(scores: Mapping[str, float], options: int, rule: str = RULES[0]) -> int | None:
    """The place of the option with the highest score by `rule`, the first of equals; None where one has none."""
    values = [scores.get(f"{rule}.{letter}") for letter in LETTERS[:options]]
    known = [value for value in values if value is not None]
    return known.index(max(known)) if known and len(known) == len(values) else None


def _answered(examples: Sequence[Example], cell: int) -> Iterator[Turn]:
    """Each example as a question in the words of the cell, and its right option as the answer."""
    for example in examples:
        yield Turn("user", f"{example.text.caption}\n\n{_ASK[cell]}", example.frames)
        yield Turn("assistant", " ".join(example.text.options[example.place].split()))
