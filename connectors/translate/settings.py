"""The translator's variables."""

from __future__ import annotations

import re

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from bridge.settings import Credential, Pairs, Settings, TextList, WebAddress, named
from connectors.translate.providers import NAMES

OPENAI = "https://api.openai.com/v1"
GOOGLE = "https://translation.googleapis.com/language/translate/v2"

# A language tag as providers write them: en, pt-BR, zh-Hans (https://www.rfc-editor.org/rfc/rfc5646).
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class TranslateSettings(Settings):
    """Fields are validated in the order in which they stand here: a later one sees the earlier ones."""

    translate_provider: str
    translate_target: TextList = Field(default=["en"])
    translate_fields: Pairs = Field(default={"message": "translatedMessage"}, validate_default=True)
    translate_rate: float = Field(default=10, ge=0.001, le=1000)
    """Requests a second."""
    translate_max_characters: int = Field(default=20_000, ge=100, le=100_000)
    """Of one field; a longer one is not translated."""
    libretranslate_url: WebAddress | None = Field(default=None, validate_default=True)
    libretranslate_api_key: Credential | None = None
    deepl_auth_key: Credential | None = Field(default=None, validate_default=True)
    deepl_server_url: WebAddress | None = None
    google_translate_api_key: Credential | None = Field(default=None, validate_default=True)
    google_translate_url: WebAddress = GOOGLE
    openai_base_url: WebAddress = OPENAI
    openai_api_key: Credential | None = Field(default=None, validate_default=True)
    openai_model: str | None = Field(default=None, validate_default=True)

    @field_validator("translate_provider")
    @classmethod
    def _known(cls, name: str) -> str:
        if name.lower() not in NAMES:
            raise ValueError(f"should be one of {', '.join(NAMES)}")
        return name.lower()

    @field_validator("translate_target")
    @classmethod
    def _languages(cls, targets: list[str]) -> list[str]:
        if not targets:
            raise ValueError("should name at least one language, e.g. en")
        for target in targets:
            if not LANGUAGE.fullmatch(target):
                raise ValueError(f"'{target}' should be a language code such as en, ja or pt-BR")
        if len({target.lower() for target in targets}) < len(targets):
            raise ValueError("a language is named twice")
        return targets

    @field_validator("translate_fields")
    @classmethod
    def _fields(cls, fields: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        targets = info.data.get("translate_target", [])
        if not fields:
            raise ValueError("should name at least one field, e.g. message=translatedMessage")
        for into in fields.values():
            if len(targets) > 1 and "{lang}" not in into:
                raise ValueError(f"with several languages '{into}' should hold {{lang}}, e.g. message=message_{{lang}}")
        written = [into.replace("{lang}", target) for into in fields.values() for target in targets]
        for key in written:
            if written.count(key) > 1:
                raise ValueError(f"two translations would be written into '{key}'")
            if key in fields:
                raise ValueError(f"'{key}' would be translated and written into: a user's own text is never replaced")
        return fields

    @field_validator("libretranslate_url", "deepl_auth_key", "google_translate_api_key", "openai_model")
    @classmethod
    def _required(cls, value: object, info: ValidationInfo) -> object:
        provider = info.data.get("translate_provider")
        if value is None and provider and info.field_name in NEEDED[provider]:
            raise ValueError(f"required by {named(info, 'translate_provider')}={provider}, but not set")
        return value

    @field_validator("openai_api_key")
    @classmethod
    def _openai_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        # A server of one's own often needs no key; OpenAI's does.
        openais_own = info.data.get("translate_provider") == "openai" and info.data.get("openai_base_url") == OPENAI
        if value is None and openais_own:
            another = f"another server: set {named(info, 'openai_base_url')}"
            raise ValueError(f"required by {OPENAI}, but not set ({another})")
        return value

    def written(self) -> list[tuple[str, str, str]]:
        """Every translation that is wanted, as (source field, language, field to write into)."""
        return [
            (source, target, into.replace("{lang}", target))
            for source, into in self.translate_fields.items()
            for target in self.translate_target
        ]


NEEDED: dict[str, tuple[str, ...]] = {
    "libretranslate": ("libretranslate_url",),
    "deepl": ("deepl_auth_key",),
    "google": ("google_translate_api_key",),
    "openai": ("openai_model",),
}
"""What each provider can't do without (openai's key: see `_openai_key`)."""
