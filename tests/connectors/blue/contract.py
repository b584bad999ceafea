"""Blue in the contract tests: with the names of its API until 2026, and since."""

from __future__ import annotations

from connectors.blue.markup import MARKUP, as_html, as_text
from connectors.blue.settings import Settings
from tests.connectors.blue.world import BlueWorld
from tests.connectors.contract import Case
from tests.connectors.tickets.world import functions
from tools.sandbox.app import Sandbox
from tools.sandbox.blue import ORG, TOKEN_ID, TOKEN_SECRET, WORKSPACE


def variables(url: str) -> dict[str, str]:
    return {
        "BLUE_API_URL": f"{url}/blue/graphql",
        "BLUE_TOKEN_ID": TOKEN_ID,
        "BLUE_TOKEN_SECRET": TOKEN_SECRET,
        "BLUE_ORG": ORG,
        "BLUE_WORKSPACE": WORKSPACE,
        "BLUE_LIST": "Inbox",
        "BLUE_STATUS_MAP": "INIT=Inbox,RESOLVED=done",
    }


def unlimited(sandbox: Sandbox) -> None:
    sandbox.blue.requests_left = sandbox.blue.bulk.most = 1_000_000


def newer(sandbox: Sandbox) -> None:
    unlimited(sandbox)
    sandbox.blue.newer = True


class NewerWorld(BlueWorld):
    def __post_init__(self) -> None:
        newer(self.sandbox)


def case(world: type[BlueWorld]) -> Case:
    return Case(
        system="blue",
        variables=variables,
        effects=lambda sandbox: (
            sandbox.blue.created_count + sum(len(record.comments) for record in sandbox.blue.records.values())
        ),
        secrets=(TOKEN_SECRET, TOKEN_ID),
        wrong_key=("BLUE_TOKEN_SECRET", "pat_another-secret"),
        address="BLUE_API_URL",
        write="/create(Todo|Record)$",
        prepare=newer if world is NewerWorld else unlimited,
        world=world,
    )


CASES = {"older": case(BlueWorld), "newer": case(NewerWorld)}

FUNCTIONS = {
    **functions(Settings, variables("https://blue.test"), MARKUP),
    "html": lambda text: as_html(MARKUP.literal(text)),
    "text": as_text,
}
