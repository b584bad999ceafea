"""A plug-in runs for real: the package of examples/plugin, installed by pip into an environment of its own."""

from __future__ import annotations

import ensurepip
import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask, Response, jsonify, request

from tests.test_adding_a_ticket_system import TOKEN, Desk
from tests.web import serving
from tools.sandbox.processes import ROOT, Processes, child_environment, wait_for
from tools.sandbox.service import Service, start_service

KEY, SECRET = "made-up-phrasebook-key", "made-up-shop-secret"
ORDER = {"event": "order.paid", "id": "ev_81", "at": "2026-05-04T09:30:00Z", "order": 12}


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of a new environment, which has what this one has, and the plug-in."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    [packages] = folder.glob("lib/python*/site-packages")
    (packages / "lock.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    bundled = sysconfig.get_config_var("WHEEL_PKG_DIR") or Path(ensurepip.__file__).parent / "_bundled"
    [pip] = Path(bundled).glob("pip-*.whl")
    command = [
        str(python),
        "-m",
        "pip",
        "install",
        "--no-index",
        "--no-deps",
        "--no-build-isolation",
        "examples/plugin",
    ]
    environment = child_environment({"PYTHONPATH": str(pip), "PIP_NO_COMPILE": "1"})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return python.parent


class Systems:
    """The systems of the plug-in's page, as strict as it describes them."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.desk = Desk()
        self.app = Flask("systems")
        self.app.add_url_rule("/hooks/made-up", view_func=self._bell, methods=["POST"])
        self.app.add_url_rule("/translate", view_func=self._phrasebook, methods=["POST"])

    def _bell(self) -> tuple[str, int]:
        body = request.get_json()
        if set(body) != {"text"} or len(body["text"]) > 500:
            return "", 400
        self.texts.append(body["text"])
        return "", 204

    def _phrasebook(self) -> Response | tuple[str, int]:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return "", 401
        assert request.get_json()["to"] == "en"
        return jsonify(texts=["Payment does not work" for _ in request.get_json()["texts"]])


@pytest.fixture(scope="module")
def systems() -> Systems:
    return Systems()


@pytest.fixture(scope="module")
def service(programs: Path, systems: Systems, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        serving(systems.app) as url,
        serving(systems.desk.app) as desk,
        Processes(tmp_path_factory.mktemp("plug-in")) as processes,
    ):
        yield start_service(
            processes,
            PATH=f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            CONNECTORS="bell,desk,translate",
            DESK_URL=desk,
            DESK_TOKEN=TOKEN,
            DESK_BOARD="ops",
            BELL_WEBHOOK_URL=f"{url}/hooks/made-up",
            BELL_EVENTS="ISSUE_CREATION,shop.*",
            SOURCES="abc,shop",
            SHOP_WEBHOOK_SECRET=SECRET,
            TRANSLATE_PROVIDER="phrasebook",
            PHRASEBOOK_URL=f"{url}/translate",
            PHRASEBOOK_KEY=KEY,
        )


def post(service: Service, secret: str) -> int:
    with requests.Session() as session:
        session.trust_env = False
        headers = {"x-shop-token": secret}
        return session.post(f"{service.web}/webhook/shop", json=ORDER, headers=headers, timeout=10).status_code


def test_its_source_and_its_connector_carry_an_event(service: Service, systems: Systems) -> None:
    assert [post(service, "another-made-up-secret"), post(service, SECRET), post(service, SECRET)] == [401, 200, 200]
    service.open_issue("Cannot log in")
    expected = {'New issue "Cannot log in".', 'Shop: "Order 12" – done'}
    wait_for("both messages", lambda: expected <= {*systems.texts})
    assert [systems.texts.count(text) for text in expected] == [1, 1]
    assert [row["event"] for row in service.deliveries(event="shop.order.paid")] == ["shop.order.paid"]


def test_its_translator_translates_a_feedback(service: Service) -> None:
    feedback = service.write_feedback({"message": "결제가 안 돼요"})
    path = f"channels/{service.project}/feedbacks/{feedback}"
    wait_for("the translation", lambda: service.abc("GET", path).get("translatedMessage"))
    assert service.abc("GET", path)["translatedMessage"] == "Payment does not work"


def test_its_ticket_system_keeps_a_ticket_for_an_issue(service: Service, systems: Systems) -> None:
    issue = service.open_issue("Payment fails")
    wait_for("the ticket's number in ABC", lambda: service.abc("GET", f"issues/{issue}")["externalIssueId"])
    [card] = [card for card in systems.desk.cards.values() if card["title"] == "Payment fails"]
    assert service.abc("GET", f"issues/{issue}")["externalIssueId"] == str(card["number"])
