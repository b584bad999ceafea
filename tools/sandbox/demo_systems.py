"""Further parts of `bin/demo`: each translator, status back, and the service's own events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tools.sandbox.abc_store import DEMO_KEY
from tools.sandbox.demo_sources import SECRET
from tools.sandbox.effects import Effect, Effects
from tools.sandbox.service import MORE_PROJECTS, Service, call
from tools.sandbox.translators import KEY
from tools.sandbox.translators.azure import REGION
from tools.sandbox.translators.papago import CLIENT_ID

TRANSLATORS = {5: "deepl", 6: "google", 7: "openai", 8: "papago", 9: "azure", 10: "apertium"}
"""ABC project -> its translator; `libretranslate` translates all other projects."""
CONNECTORS = [*(f"translate.{name}" for name in TRANSLATORS.values()), "slack.ops"]
TEXT = "결제가 안 돼요"
BACK = {1: ("Done", "RESOLVED"), 2: ("open", "ON_REVIEW"), 3: ("opened", "ON_REVIEW"), 4: ("Inbox", "ON_REVIEW")}
"""ABC project -> (the status to which a person moves the ticket, the status that the issue gets)."""
SYSTEMS = {1: "Jira", **MORE_PROJECTS}


def variables(sandbox: str) -> Mapping[str, str]:
    """The variables for these parts. `sandbox`: the address of the stand-ins."""
    instances = {}
    for project, name in TRANSLATORS.items():
        instances[f"TRANSLATE_PROVIDER__{name.upper()}"] = name
        instances[f"TRANSLATE_FILTER__{name.upper()}"] = f"project.id == {project}"
    back = {f"{SYSTEMS[project].upper()}_STATUS_BACK": "=".join(pair) for project, pair in BACK.items()}
    return {
        **instances,
        **back,
        "TRANSLATE_FILTER": f"project.id < {min(TRANSLATORS)}",
        "DEEPL_SERVER_URL": f"{sandbox}/deepl",
        "DEEPL_AUTH_KEY": KEY,
        "GOOGLE_TRANSLATE_URL": f"{sandbox}/google/language/translate/v2",
        "GOOGLE_TRANSLATE_API_KEY": KEY,
        "OPENAI_BASE_URL": f"{sandbox}/openai/v1",
        "OPENAI_API_KEY": KEY,
        "OPENAI_MODEL": "demo-model",
        "PAPAGO_URL": f"{sandbox}/papago",
        "PAPAGO_CLIENT_ID": CLIENT_ID,
        "PAPAGO_CLIENT_SECRET": KEY,
        "AZURE_TRANSLATOR_URL": f"{sandbox}/azure",
        "AZURE_TRANSLATOR_KEY": KEY,
        "AZURE_TRANSLATOR_REGION": REGION,
        "APERTIUM_URL": f"{sandbox}/apertium",
        "SLACK_CHANNEL__OPS": "#mobile",
        "SLACK_EVENTS__OPS": "bridge.*",
    }


def translate_with_each(service: Service) -> Iterator[Effect]:
    """A user writes TEXT in the project of each translator."""
    for project, name in TRANSLATORS.items():
        made = call("POST", f"{service.sandbox}/control/project", json={"name": f"App {name}", "key": DEMO_KEY})
        assert made["project"] == project
        there = service.of(project)
        yield Effects(there).translated(there.write_feedback({"message": TEXT}), by=name)


def move_each(service: Service, titles: Mapping[int, str], issues: Mapping[int, int]) -> Iterator[Effect]:
    """A person moves one ticket of each project; each ticket system sends its webhook. `titles`: the tickets' titles,
    by project."""
    call("POST", f"{service.sandbox}/control/ticket-webhooks", json={"web": service.web, "secret": SECRET})
    for project, (there, here) in BACK.items():
        system = SYSTEMS[project].lower()
        [key] = [ticket["key"] for ticket in service.state()[system]["tickets"] if ticket["summary"] == titles[project]]
        call("POST", f"{service.sandbox}/control/move", json={"system": system, "key": key, "status": there})
        yield Effects(service).issue_status(project, issues[project], here)


def refuse(service: Service) -> Effect:
    """NocoBase refuses the bridge's password until the bridge has reported that."""
    faults = f"{service.sandbox}/control/faults"
    call("POST", faults, json={"kind": "status", "system": "nocobase", "status": 401, "times": None})
    service.open_issue("로그인이 자꾸 풀려요")
    reported = Effects(service).reported("Feedback Bridge: nocobase – a setting is wrong (auth)")

    def seen() -> str | None:
        if found := reported.seen():
            call("DELETE", faults)
        return found

    return Effect(reported.what, seen)
