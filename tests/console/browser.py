"""A browser without JavaScript for the console's pages: real HTTP, cookies, forms with their hidden fields."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from html.parser import HTMLParser
from typing import Any

import requests

from tests.web import PASSWORD, TOKEN

ENVIRON = {"WEBHOOK_TOKEN": TOKEN, "CONSOLE_PASSWORD": PASSWORD, "BRIDGE_INSTANCE": "test"}


@dataclass
class Browser:
    """One person at one address: `headers` are sent with each request."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.http = requests.Session()
        self.http.trust_env = False

    def get(self, path: str, **headers: str) -> requests.Response:
        return self.request("GET", path, headers)

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> requests.Response:
        return self.request("POST", path, headers, form or {})

    def request(self, method: str, path: str, headers: dict[str, str], form: Any = None) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.request(
            method, self.url + path, data=form, headers=self.headers | named, allow_redirects=False, timeout=20
        )

    def sign_in(self, password: str = PASSWORD) -> Browser:
        answer = self.post("/login", {"password": password})
        assert answer.status_code == 303, answer.text
        return self

    def submit(self, page: str, action: str, **fields: str) -> requests.Response:
        """Sends the form of a page that leads to `action`, with its hidden fields and these."""
        found = [form for form in forms(self.get(page).text) if form.action.partition("?")[0] == action]
        assert found, f"{page} has no form for {action}"
        return self.post(found[0].action, found[0].fields | fields)

    @property
    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/").text)
        assert found
        return found[1]


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "input" and self.found and "name" in given:
            kind = given.get("type", "text")
            if kind not in ("checkbox", "radio", "submit") or "checked" in given:
                self.found[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "select":
            self._select = given.get("name", "")
        elif tag == "option" and self.found and ("selected" in given or self._select not in self.found[-1].fields):
            self.found[-1].fields[self._select] = given.get("value", "")


def forms(text: str) -> list[Form]:
    parser = _Forms()
    parser.feed(text)
    return parser.found


def visible(text: str) -> str:
    """The text of a page without its tags, blanks as one."""
    body = re.sub(r"(?s)<(script|style|title).*?</\1>", " ", text)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())
