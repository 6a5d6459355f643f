"""From a draft to the graph that runs it."""

import pytest

from agents.nodes.agent_config import AgentConfig
from agents.nodes.knowledge_retrieval import KnowledgeRetrievalConfig
from agents.ports import SearchChoice
from agents.workflow.expressions import Scope
from backend.apps.draft import draft_parse
from backend.apps.graph import graph_of
from backend.apps.models import AppMode

WHERE = "0d4f4f0e-7c52-4f0c-9d6e-0a4d4a3b2c1d"


@pytest.mark.parametrize("mode", ["semantic", "full_text", "hybrid"])
@pytest.mark.parametrize("rerank", [True, False])
def test_how_a_draft_searches_reaches_the_knowledge_of_a_chat_and_of_an_agent(mode: str, rerank: bool) -> None:
    retrieval = {"mode": mode, "rerank": rerank, "top_k": 7, "score_threshold": 0.25}
    draft = draft_parse({"datasets": [WHERE], "retrieval": retrieval})
    wanted = SearchChoice((WHERE,), 7, mode, 0.25, rerank=rerank)

    [knowledge, _] = graph_of(AppMode.CHAT, draft, {}).nodes
    assert KnowledgeRetrievalConfig.model_validate(dict(knowledge.config)).choice(Scope()) == wanted
    [agent] = graph_of(AppMode.AGENT, draft, {}).nodes
    config = AgentConfig.model_validate(dict(agent.config))
    assert config.multiple_retrieval_config.choice(config.dataset_ids) == wanted
