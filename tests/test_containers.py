"""What is shipped for containers works as it is: the image's files, its health check, Compose and Kubernetes."""

from __future__ import annotations

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
import threading
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml

from jobs.worker import STOP_SECONDS
from tools.sandbox.processes import ROOT, free_port, procfile

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES = list(yaml.safe_load_all((ROOT / "deploy" / "kubernetes.yaml").read_text(encoding="utf-8")))
DEPLOYMENTS = {
    item["metadata"]["labels"]["app.kubernetes.io/component"]: item
    for item in KUBERNETES
    if item["kind"] == "Deployment"
}


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, with continued lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", DOCKERFILE).replace("\\\n", " ")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


def all_of(word: str) -> list[str]:
    return [rest for name, rest in instructions() if name == word]


def in_context(path: str) -> bool:
    """Whether .dockerignore lets a path of the checkout through: the last line that matches decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern = line.removeprefix("!").removeprefix("**/")
            parts = path.split("/")
            begins = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
            if any(fnmatch(begin, pattern) for begin in [*begins, *(parts if "**/" in line else [])]):
                sent = line.startswith("!")
    return sent


# The image


def test_the_dockerfile_has_no_root_no_latest_and_no_secret() -> None:
    for image in all_of("FROM"):
        name, tag = image.split(" ")[0].split(":")
        assert name == "python"
        assert re.fullmatch(r"3\.\d+-slim-[a-z]+", tag)
    assert all_of("USER") == ["10001:10001"]
    assert [word for word, _ in instructions()][-1] == "CMD"
    assert not all_of("ADD")
    assert all(text.split("=")[0] in {"PATH", "REQUIREMENTS"} for text in [*all_of("ENV"), *all_of("ARG")])


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed here")
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    found = subprocess.run(["hadolint", ROOT / "Dockerfile"], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (0, "")


def test_the_image_has_the_packages_of_a_file_that_exists_and_checks_their_hashes() -> None:
    [install] = [text for text in all_of("RUN") if "pip install" in text]
    assert "--require-hashes" in install
    [requirements] = [text.partition("=")[2] for text in all_of("ARG")]
    assert (ROOT / "requirements" / f"{requirements}.txt").is_file()
    page = (ROOT / "docs" / "containers.md").read_text(encoding="utf-8")
    named = [name for names in re.findall(r"REQUIREMENTS='([\w ]+)'", page) for name in names.split()]
    assert named
    assert [name for name in named if not (ROOT / "requirements" / f"{name}.txt").is_file()] == []


def test_no_file_of_a_developer_reaches_the_builder() -> None:
    assert [path for path in (".env", ".git/config", "tests/conftest.py", "site/index.html") if in_context(path)] == []
    assert in_context("requirements/production.txt")
    assert in_context("jobs/ledger/lua/accept.lua")
    assert not in_context("jobs/__pycache__/worker.cpython-311.pyc")


def test_the_files_of_the_image_are_all_that_the_service_needs() -> None:
    """No module of the image imports one of ours that is not in it."""
    copied = {name for text in all_of("COPY") if "--from" not in text for name in text.split(" ")[:-1]}
    left_out = [name for name in copied if not in_context(f"{name}/a.txt" if (ROOT / name).is_dir() else name)]
    assert left_out == [], "in .dockerignore"
    files = [file for name in copied for file in [ROOT / name, *(ROOT / name).rglob("*.py")] if file.suffix == ".py"]
    assert len(files) > 100
    trees = (ast.walk(ast.parse(file.read_text(encoding="utf-8"))) for file in files)
    modules = {module.partition(".")[0] for nodes in trees for node in nodes for module in imported(node)}
    ours = {name for name in modules if (ROOT / name / "__init__.py").is_file() or (ROOT / f"{name}.py").is_file()}
    assert "bridge" in ours
    assert ours - {name.removesuffix(".py") for name in copied} == set()


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []


class _Answering(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: Any) -> None: ...


class _Failing(_Answering):
    status = 503


@pytest.mark.parametrize(("handler", "healthy"), [(_Answering, True), (_Failing, False), (None, False)])
def test_the_health_check_is_that_of_web(handler: type[_Answering] | None, healthy: bool) -> None:
    """Also where the environment names a proxy."""
    [check] = all_of("HEALTHCHECK")
    program, *arguments = json.loads(check.partition(" CMD ")[2])
    assert program == "python"
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler) if handler else None
    port = server.server_port if server else free_port()
    environment = {"PORT": str(port), "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    if server:
        threading.Thread(target=server.serve_forever).start()
    try:
        ran = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True)
    finally:
        if server:
            server.shutdown()
            server.server_close()
    assert (ran.returncode == 0) == healthy


# Compose


def test_compose_runs_the_procfile_in_one_image() -> None:
    for kind, command in procfile().items():
        service = COMPOSE["services"][kind]
        assert shlex.join(service["command"]) == command
        assert service["image"] == COMPOSE["services"]["web"]["image"]
        assert (ROOT / "deploy" / service["build"]["context"] / "Dockerfile").is_file()
        assert float(service["stop_grace_period"].removesuffix("s")) >= STOP_SECONDS + 5
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    assert COMPOSE["services"]["worker"]["healthcheck"] == {"disable": True}
    assert all_of("CMD") == [json.dumps(shlex.split(procfile()["web"]))]


def test_redis_of_compose_keeps_its_data_throws_nothing_away_and_is_not_open() -> None:
    redis = COMPOSE["services"]["redis"]
    words = shlex.join(redis["command"])
    assert "--appendonly yes" in words
    assert "--maxmemory-policy noeviction" in words
    assert "ports" not in redis
    assert [volume.split(":")[1] for volume in redis["volumes"]] == ["/data"]
    assert all(port.startswith("127.0.0.1:") for port in COMPOSE["services"]["web"]["ports"])
    assert COMPOSE["x-service"]["environment"]["REDIS_URL"].startswith("redis://redis:")


# Kubernetes


def test_kubernetes_runs_the_procfile_without_root() -> None:
    assert DEPLOYMENTS.keys() == procfile().keys()
    for kind, item in DEPLOYMENTS.items():
        pod = item["spec"]["template"]["spec"]
        [container] = pod["containers"]
        assert shlex.join(container["command"]) == procfile()[kind]
        assert pod["terminationGracePeriodSeconds"] >= STOP_SECONDS + 5
        assert pod["securityContext"]["runAsNonRoot"]
        secured = container["securityContext"]
        assert secured["readOnlyRootFilesystem"]
        assert not secured["allowPrivilegeEscalation"]
        assert secured["capabilities"] == {"drop": ["ALL"]}
        assert item["spec"]["selector"]["matchLabels"] == item["spec"]["template"]["metadata"]["labels"]
        assert re.search(r":\d+\.\d+", container["image"])
        # No secret stands in the file: all come from one that is made apart.
        assert container["envFrom"] == [{"secretRef": {"name": "feedback-bridge"}}]


def test_the_service_of_kubernetes_reaches_web_and_web_stays_in_it_without_a_worker() -> None:
    [service] = [item for item in KUBERNETES if item["kind"] == "Service"]
    web = DEPLOYMENTS["web"]["spec"]["template"]
    assert service["spec"]["selector"] == web["metadata"]["labels"]
    [container] = web["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"] for port in service["spec"]["ports"]} == set(ports)
    assert [variable for variable in container["env"] if variable["name"] == "PORT"] == [
        {"name": "PORT", "value": str(ports["http"])}
    ]
    probes = {container[probe]["httpGet"]["path"] for probe in ("readinessProbe", "livenessProbe")}
    assert probes == {"/healthz"}, "/readyz is 503 without a worker, and webhooks can be stored then"
