"""The limits of Block Kit. https://docs.slack.dev/reference/block-kit/blocks"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

MOST_BLOCKS = 50
MOST_FIELDS = 10
MOST_ELEMENTS = {"actions": 25, "context": 10}
LIMITS = {"section": 3000, "header": 150, "field": 2000, "element": 3000}
KNOWN = (
    "actions", "alert", "card", "carousel", "context", "context_actions", "divider", "file", "header", "image",
    "input", "markdown", "plan", "rich_text", "section", "table", "task_card", "video",
)  # fmt: skip


@dataclass(frozen=True)
class BlockProblem:
    what: str
    where: str
    """JSON pointer into the message."""


def blocks_problem(blocks: Any) -> BlockProblem | None:
    """The first problem for which Slack would refuse the blocks; None if it accepts them."""
    if not isinstance(blocks, list):
        return BlockProblem("must be an array", "/blocks")
    if len(blocks) > MOST_BLOCKS:
        return BlockProblem(f"no more than {MOST_BLOCKS} items allowed", "/blocks")
    for index, block in enumerate(blocks):
        problem = _block_problem(block, f"/blocks/{index}")
        if problem is not None:
            return problem
    return None


def _block_problem(block: Any, where: str) -> BlockProblem | None:
    if not isinstance(block, dict) or block.get("type") not in KNOWN:
        return BlockProblem("unsupported type", f"{where}/type")
    if len(str(block.get("block_id", ""))) > 255:
        return BlockProblem("must be less than 256 characters", f"{where}/block_id")
    match block["type"]:
        case "header":
            text = block.get("text")
            if isinstance(text, dict) and text.get("type") != "plain_text":
                return BlockProblem("must be plain_text", f"{where}/text/type")
            return _text_problem(text, f"{where}/text", LIMITS["header"])
        case "section":
            return _section_problem(block, where)
        case "context" | "actions":
            elements = block.get("elements")
            if not isinstance(elements, list) or not elements:
                return BlockProblem("missing required field: elements", f"{where}/elements")
            most = MOST_ELEMENTS[block["type"]]
            if len(elements) > most:
                return BlockProblem(f"no more than {most} items allowed", f"{where}/elements")
            if block["type"] == "context":
                return _texts_problem(elements, f"{where}/elements", LIMITS["element"])
    return None


def _section_problem(block: dict[str, Any], where: str) -> BlockProblem | None:
    fields = block.get("fields")
    if block.get("text") is None and not fields:
        return BlockProblem("missing required field: text", where)
    if block.get("text") is not None:
        problem = _text_problem(block["text"], f"{where}/text", LIMITS["section"])
        if problem is not None:
            return problem
    if fields is None:
        return None
    if not isinstance(fields, list) or not 1 <= len(fields) <= MOST_FIELDS:
        return BlockProblem(f"no more than {MOST_FIELDS} items allowed", f"{where}/fields")
    return _texts_problem(fields, f"{where}/fields", LIMITS["field"])


def _texts_problem(texts: list[Any], where: str, limit: int) -> BlockProblem | None:
    for index, text in enumerate(texts):
        if isinstance(text, dict) and text.get("type") == "image":
            continue
        problem = _text_problem(text, f"{where}/{index}", limit)
        if problem is not None:
            return problem
    return None


def _text_problem(text: Any, where: str, limit: int) -> BlockProblem | None:
    if not isinstance(text, dict) or text.get("type") not in ("plain_text", "mrkdwn"):
        return BlockProblem("unsupported type", f"{where}/type")
    words = text.get("text")
    if not isinstance(words, str) or not words:
        return BlockProblem("must be more than 0 characters", f"{where}/text")
    if len(words) > limit:
        return BlockProblem(f"must be less than {limit + 1} characters", f"{where}/text")
    return None
