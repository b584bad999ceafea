"""The translator's variables; each provider adds its own (`providers/`)."""

from __future__ import annotations

import re
from typing import ClassVar, Self, cast

from pydantic import Field, ValidationInfo, field_validator

from bridge.plug_ins import BadPlugIn
from bridge.settings import Pairs, Rate, Settings, TextList
from connectors.translate import providers
from connectors.translate.codes import Languages, may_exist

# A language tag as providers write them: en, pt-BR, zh-Hans (https://www.rfc-editor.org/rfc/rfc5646).
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class TranslateSettings(Settings):
    """Fields are validated in the order in which they stand here, those of the provider last: a later one sees the
    earlier ones."""

    CHOICE = "translate_provider"
    NAME: ClassVar[str] = ""
    """The provider as people call it."""
    LANGUAGES: ClassVar[Languages | None] = None
    """What the provider translates into, where that is known without asking it."""

    translate_provider: str
    translate_target: TextList = Field(default=["en"])
    translate_fields: Pairs = Field(default={"message": "translatedMessage"}, validate_default=True)
    translate_rate: Rate = 10
    """Requests a second."""
    translate_max_characters: int = Field(default=20_000, ge=100, le=100_000)
    """Of one field; a longer one is not translated."""

    @classmethod
    def chosen(cls, value: str | None) -> type[Self]:
        try:
            return cast("type[Self]", providers.find((value or "").lower()).settings)
        except (KeyError, BadPlugIn):
            return cls  # reported by the field's validator

    @field_validator("translate_provider")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            providers.PLUG_INS.check(name.lower())
            providers.find(name.lower())
        except KeyError:
            raise ValueError(f"should be one of {', '.join(providers.kinds())}") from None
        except BadPlugIn as error:
            raise ValueError(str(error)) from None
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
        if not cls.LANGUAGES and (unknown := [target for target in targets if not may_exist(target)]):
            raise ValueError(f"no language has the code {', '.join(unknown)} (ISO 639-1)")
        lacking = [target for target in targets if cls.LANGUAGES and cls.LANGUAGES.code(target) is None]
        if cls.LANGUAGES and lacking:
            has = ", ".join(sorted(cls.LANGUAGES.codes, key=str.lower))
            raise ValueError(f"{cls.NAME} does not translate into {', '.join(lacking)}; it has {has}")
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

    def written(self) -> list[tuple[str, str, str]]:
        """Every translation that is wanted, as (source field, language, field to write into)."""
        return [
            (source, target, into.replace("{lang}", target))
            for source, into in self.translate_fields.items()
            for target in self.translate_target
        ]
