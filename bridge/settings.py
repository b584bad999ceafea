"""How settings are read: the environment, once and validated whole, all problems reported together by variable name.

A settings class is a pydantic model whose field names are the variables' names in lower case; `load()` fills it from
an environment. Each variable may also be given as NAME_FILE, a path whose content is the value. An empty value counts
as unset, so that a line left empty in `.env` means the default.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Generic, Literal, Self, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    ValidationInfo,
)
from pydantic.fields import FieldInfo

from bridge.addresses import web_address
from bridge.environment import ConfigError, read_setting
from bridge.values import is_full_width, mistake_in_secret, pairs_of, parts_of

T = TypeVar("T")
S = TypeVar("S", bound="Settings")


class KeyMap(Generic[T]):
    """A value for each key with a default: `*=#feedback,2=#mobile`. A single plain value is the default.

    Keys are ABC project ids as text. `get()` returns None where neither the key nor `*` is set.
    """

    def __init__(self, values: Mapping[str, T]) -> None:
        self._values = dict(values)

    def get(self, key: object) -> T | None:
        return self._values.get(str(key), self._values.get("*"))

    def items(self) -> Iterator[tuple[str, T]]:
        return iter(self._values.items())

    def __repr__(self) -> str:
        return f"KeyMap({self._values!r})"


def _parse_pairs(value: object) -> object:
    return pairs_of(value) if isinstance(value, str) else value


def _parse_text_map(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "=" in value:
        return KeyMap(pairs_of(value))
    parts = parts_of(value)
    if len(parts) != 1:
        raise ValueError("should be one value, or a list of ABC project id=value (*=value: all others)")
    return KeyMap({"*": parts[0]})


def secret_map(value: object, what: str = "key") -> object:
    """A KeyMap of secrets; `what`: how messages call one. Raises ValueError, which quotes no value."""
    try:
        parsed = _parse_text_map(value)
        if not isinstance(parsed, KeyMap):
            return parsed
        if not all(project == "*" or is_id(project) for project, _ in parsed.items()):
            raise ValueError  # a single key that holds a = looks like that, too
    except ValueError:
        # The usual message quotes the part that is wrong: here that part is a secret.
        form = f"should be one {what}, or a list of project id={what}, each project once (*={what}: all)"
        raise ValueError(form) from None
    return KeyMap({key: _check_credential(SecretStr(secret)) for key, secret in parsed.items()})


def parse_list(value: object) -> object:
    return parts_of(value) if isinstance(value, str) else value


def _check_credential(value: SecretStr) -> SecretStr:
    if problem := mistake_in_secret(value.get_secret_value()):
        raise ValueError(problem)
    return value


Pairs = Annotated[dict[str, str], BeforeValidator(_parse_pairs)]
"""`a=b,c=d`, in the order given."""
TextMap = Annotated[KeyMap[str], BeforeValidator(_parse_text_map)]
"""A KeyMap of texts."""
SecretMap = Annotated[KeyMap[SecretStr], BeforeValidator(secret_map)]
"""A KeyMap of secrets."""
TextList = Annotated[list[str], BeforeValidator(parse_list)]
"""Comma-separated, blanks trimmed, empty parts dropped."""
WebAddress = Annotated[str, AfterValidator(web_address)]
"""http(s) address without the trailing slash, credentials, query or fragment."""
Credential = Annotated[SecretStr, AfterValidator(_check_credential)]
"""A secret that travels in a header or an address: printable ASCII, no blanks."""


class Settings(BaseModel):
    """Base of every settings class; see `load()`."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    PREFIX: ClassVar[str] = ""
    """Before the name of each field in its variable: with `github` the field `repo` is GITHUB_REPO."""
    CHOICE: ClassVar[str] = ""
    """The field whose value may add further fields (`chosen`); "" for none."""
    _names: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def chosen(cls, _value: str | None) -> type[Self]:
        """The class with the fields that this value of CHOICE adds, a subclass; this class where it adds none."""
        return cls

    @classmethod
    def variables(cls) -> dict[str, str]:
        """The variable of each field, without the label of an instance."""
        start = f"{cls.PREFIX}_" if cls.PREFIX else ""
        return {field: f"{start}{field}".upper() for field in cls.model_fields}

    def variable(self, field: str) -> str:
        """The variable of a field as the operator wrote it (`SLACK_CHANNEL__MOBILE`), or would have to write it: for
        every message that names one."""
        return self._names.get(field) or self.variables()[field]

    def model_post_init(self, context: Any) -> None:
        self._names = dict(context or {})


def _parse_tokens(value: object) -> object:
    parsed = parse_list(value)
    return [SecretStr(token) for token in parsed] if isinstance(parsed, list) else parsed


Rate = Annotated[float, Field(ge=0.001, le=10_000)]
"""How many a second."""
SecretList = Annotated[list[SecretStr], BeforeValidator(_parse_tokens)]
"""Comma-separated secrets."""


def is_id(text: str) -> bool:
    """Whether this is a number as ABC numbers its projects, channels and issues."""
    return text.isascii() and text.isdecimal() and len(text) <= 15


def load(cls: type[S], environ: Mapping[str, str], label: str = "") -> S:
    """Fills `cls` from `environ`; `label` is that of a connector's instance (bridge.environment.read_setting).

    Raises ConfigError naming every variable that is wrong; a value is never part of the message (it may be a secret).
    """
    base, cls = cls, chosen_class(cls, environ, label)
    values: dict[str, Any] = {}
    problems: list[str] = []
    names: dict[str, str] = {}
    for field, variable in cls.variables().items():
        try:
            value, names[field] = read_setting(variable, label, environ)
        except ConfigError as error:
            problems += error.problems
            names[field] = error.problems[0].partition(":")[0].removesuffix("_FILE")
            continue
        if value is not None:
            if problem := _mistake_in_number(cls.model_fields[field], value):
                problems.append(f"{names[field]}: {problem}")
            else:
                values[field] = _as_spelled(cls.model_fields[field], value)
    try:
        settings = cls.model_validate(values, context=names)
    except ValidationError as error:
        named = {problem.partition(":")[0].removesuffix("_FILE") for problem in problems}
        details = error.errors(include_input=False, include_url=False)
        found = [_problem(detail, values, names, base) for detail in details]
        lines = [line for message in found for line in message.split("\n")]
        # A variable that could not be read is not also missing.
        problems += [line for line in lines if line.partition(":")[0] not in named]
    if problems:
        raise ConfigError(problems)
    return settings


def chosen_class(cls: type[S], environ: Mapping[str, str], label: str = "") -> type[S]:
    """`cls`, or the subclass with the fields that its choice adds in this environment."""
    if not cls.CHOICE:
        return cls
    try:
        value, _ = read_setting(cls.variables()[cls.CHOICE], label, environ)
    except ConfigError:
        return cls  # reported by `load`, with everything else
    return cls.chosen(value)


def named(info: ValidationInfo, field: str) -> str:
    """The variable of a field, for the message of a validator."""
    return str((info.context or {}).get(field, field.upper()))


def _as_spelled(info: FieldInfo, value: str) -> str:
    """Of a setting with a few possible values, the one that is meant: upper and lower case make no difference."""
    if get_origin(info.annotation) is not Literal:
        return value
    return next((str(word) for word in get_args(info.annotation) if str(word).lower() == value.lower()), value)


def _mistake_in_number(info: FieldInfo, value: str) -> str:
    """What is wrong with the text of a number, "" for nothing. pydantic alone reads `8_0` as 80, and digits of other
    scripts."""
    kinds = {info.annotation, *get_args(info.annotation)}
    for kind, form, problem in NUMBERS:
        if kind in kinds and not form.fullmatch(value):
            return problem + _hint(value)
    return ""


def _hint(value: str) -> str:
    return " (it holds full-width characters: type it in ASCII)" if is_full_width(value) else ""


WHOLE = "should be a whole number in digits, without blanks, signs or separators"
NUMBER = "should be a number such as 10 or 0.5, without blanks or separators"
NUMBERS = (
    (int, re.compile(r"-?[0-9]+"), WHOLE),
    (float, re.compile(r"-?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE]-?[0-9]+)?"), NUMBER),
)
MESSAGES = {
    "missing": "required, but not set",
    "bool_parsing": "should be true or false",
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "int_parsing_size": WHOLE,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "greater_than": "should be greater than {gt:g}",
    "greater_than_equal": "should be at least {ge:g}",
    "less_than": "should be less than {lt:g}",
    "less_than_equal": "should be at most {le:.15g}",
    "literal_error": "should be {expected}",
}
"""Our sentences for what pydantic finds, by its type of error."""


def _problem(detail: Any, values: Mapping[str, str], names: Mapping[str, str], base: type[Settings]) -> str:
    """`base`: the class without the fields that its choice adds."""
    message = str(detail["msg"]).removeprefix("Value error, ")
    if ours := MESSAGES.get(detail["type"]):
        message = ours.format(**detail.get("ctx", {}))
    if not detail["loc"]:
        return message
    field = str(detail["loc"][0])
    if detail["type"] == "missing" and field not in base.model_fields:
        message = f"required by {names[base.CHOICE]}={values[base.CHOICE]}, but not set"
    if not message.startswith("holds"):
        message += _hint(values.get(field, ""))
    return f"{names.get(field, field.upper())}: {message}"
