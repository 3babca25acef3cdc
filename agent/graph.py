"""The browsing agent as a LangGraph state machine.

    observe → decide → act → record → observe …

`look_on` asks the later stages of a protocol, `repair` asks once more after an answer that could not be read.

The state is a cursor, small and JSON-able. Live objects (feed, model, trace) stand in the runtime context and frames never enter the state.
The trace is the memory: a node that runs again after a crash finds there what has already happened.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agent.browsing import Browsing
from agent.protocols.base import AnswerState, Decision
from agent.trace.events import AnswerEvent
from environments.base import ActionKind, Outcome

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver
    from langgraph.graph.state import CompiledStateGraph

__all__ = ["NODES_PER_STEP", "AgentState", "build_graph", "graph"]

NODES_PER_STEP = 9
"""The longest way through one stimulus: observe, decide, repair, then look_on, repair for each of two more stages, act, record."""

AfterAnswer = Literal["repair", "look_on", "act"]


class AgentState(TypedDict, total=False):
    """Where the agent is: the stage and attempt of the question, where to go next, what the last action led to."""

    stage: str
    attempt: int
    next: str
    outcome: dict[str, Any]


async def observe(state: AgentState, runtime: Runtime[Browsing]) -> AgentState:
    """See what the feed shows, unless the session is through or has to stop."""
    agent = runtime.context
    if agent.progress.steps >= agent.spec.videos:
        return {"next": END}
    if agent.progress.pending is None:
        agent.check_limits()
    stimulus = await agent.show()
    return {"next": "decide" if stimulus else END, "stage": agent.opening(), "attempt": 0}


async def decide(state: AgentState, runtime: Runtime[Browsing]) -> AgentState:
    """Ask the first question about the stimulus."""
    answer = await runtime.context.ask(state["stage"], 0)
    return _after(runtime.context, answer)


async def look_on(state: AgentState, runtime: Runtime[Browsing]) -> AgentState:
    """See the rest, and ask the next question."""
    answer = await runtime.context.ask(state["stage"], 0)
    return _after(runtime.context, answer)


async def repair(state: AgentState, runtime: Runtime[Browsing]) -> AgentState:
    """Ask once more, in the same conversation, for an answer that can be read."""
    answer = await runtime.context.ask(state["stage"], state["attempt"])
    return _after(runtime.context, answer)


async def act(state: AgentState, runtime: Runtime[Browsing]) -> AgentState:
    """Do on the feed what was decided."""
    outcome = await runtime.context.act()
    return {
        "outcome": {
            "like_registered": outcome.like_registered,
            "advanced": outcome.advanced,
            "dwell_s": outcome.dwell_s,
            "error": outcome.error,
            "click": outcome.click,
        }
    }


async def record(state: AgentState, runtime: Runtime[Browsing]) -> AgentState:
    """Close the step in the trace."""
    await runtime.context.finish_step(Outcome(**state["outcome"]))
    return {"outcome": {}}


def _after(agent: Browsing, answer: AnswerEvent) -> AgentState:
    """Where an answer leads."""
    if answer.final:
        return {"next": "act"}
    if answer.outcome is AnswerState.UNPARSABLE:
        return {"next": "repair", "stage": answer.stage, "attempt": answer.attempt + 1}
    assert answer.decision is not None, "an answer that leads on holds a decision"
    decision = Decision(ActionKind(answer.decision.action), answer.decision.watch_fraction)
    following = agent.protocol.next_stage(answer.stage, decision)
    assert following is not None, "an answer that is not final has a next stage"
    return {"next": "look_on", "stage": following, "attempt": 0}


# Coroutines, because LangGraph would run a plain function in a thread.
async def _after_observing(state: AgentState) -> str:
    return state["next"]


async def _after_answer(state: AgentState) -> AfterAnswer:
    return state["next"]  # type: ignore[return-value]


def build_graph(checkpointer: BaseCheckpointSaver[Any] | None = None) -> CompiledStateGraph[AgentState, Browsing, AgentState, AgentState]:
    """The compiled graph. A session needs no checkpointer to be resumed; one may be given for LangGraph's own tools."""
    builder = StateGraph(AgentState, context_schema=Browsing)
    for node in (observe, decide, look_on, repair, act, record):
        builder.add_node(node.__name__, node)
    builder.add_edge(START, "observe")
    builder.add_conditional_edges("observe", _after_observing, {"decide": "decide", END: END})
    builder.add_conditional_edges("decide", _after_answer, ["repair", "look_on", "act"])
    builder.add_conditional_edges("look_on", _after_answer, ["repair", "look_on", "act"])
    builder.add_conditional_edges("repair", _after_answer, ["look_on", "act"])
    builder.add_edge("act", "record")
    builder.add_edge("record", "observe")
    return builder.compile(checkpointer=checkpointer)


graph = build_graph()
"""For `langgraph.json`: the graph as LangGraph's tools draw it. `agent.run_session` runs it with its context."""


def main(arguments: list[str]) -> int:
    """`python -m agent.graph [PAGE]`: the graph in Mermaid, on stdout or in place of the Mermaid block of a page."""
    drawing = f"```mermaid\n{graph.get_graph().draw_mermaid().strip()}\n```"
    if arguments and arguments[0].startswith("-"):
        sys.stdout.write("usage: python -m agent.graph [PAGE]\n\nThe graph in Mermaid, or PAGE with its Mermaid block renewed.\n")
        return 0
    if not arguments:
        sys.stdout.write(f"{drawing}\n")
        return 0
    page = Path(arguments[0])
    page.write_text(re.sub(r"```mermaid\n.*?```", lambda _: drawing, page.read_text(encoding="utf-8"), flags=re.DOTALL), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
