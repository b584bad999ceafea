"""Phrasebook, a made-up translator: `{"texts": […], "to": "en"}` by `POST`, answered with `{"texts": […]}`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bridge.http import new_session
from bridge.settings import Credential, WebAddress
from connectors.base import Check
from connectors.translate.declaration import Declaration
from connectors.translate.parts import Limits
from connectors.translate.providers.base import Who, ask, checked, not_understood, refusal
from connectors.translate.settings import TranslateSettings


class PhrasebookSettings(TranslateSettings):
    phrasebook_url: WebAddress
    phrasebook_key: Credential


class Phrasebook:
    def __init__(self, settings: PhrasebookSettings) -> None:
        self.who = Who("Phrasebook", "phrasebook_url", ("phrasebook_key",), settings.variable)
        self._url = settings.phrasebook_url
        self._headers = {"Authorization": f"Bearer {settings.phrasebook_key.get_secret_value()}"}
        self._session = new_session()

    def limits(self) -> Limits:
        return Limits(characters=2000, texts=10)

    def translate(self, texts: Sequence[str], target: str) -> list[str]:
        body = {"texts": list(texts), "to": target}
        answer = ask(self._session, self.who, "POST", self._url, headers=self._headers, json_body=body)
        if not answer.ok:
            raise refusal(self.who, answer)
        reply = answer.json()
        if not isinstance(reply, dict):
            raise not_understood(self.who, "the answer is not JSON")
        return checked(self.who, reply.get("texts"), texts)

    def check(self, targets: Sequence[str]) -> Iterator[Check]:
        for target in targets:
            self.translate(["감사합니다"], target)
            yield Check(True, f"Phrasebook translates into {target}")


PROVIDER = Declaration("phrasebook", PhrasebookSettings, Phrasebook)
