"""The environment is right, or every mistake in it is reported at once, by variable name, without a secret."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from annotated_types import Ge, Le
from hypothesis import given
from hypothesis import strategies as st

import connectors
import sources
from bridge.environment import ConfigError, read_variable
from bridge.redaction import secrets_of
from bridge.service import ServiceSettings
from bridge.settings import KeyMap, Settings, load
from connectors.translate import providers
from jobs.configuration import Configuration, configure
from jobs.delivery.schedule import DELAYS, GIVE_UP_AFTER, HEAL_PAUSES, JITTER
from sources import EVENTS
from sources.abc.settings import ApiSettings
from tools.sandbox.processes import ROOT, Processes, free_port, procfile, wait_for

TOKEN = "token-of-the-tests-0001"
ABC = {"ABC_API_URL": "https://abc.example.com/api/", "ABC_API_KEY": "0123456789ABCDEF0123"}
SLACK = {"SLACK_BOT_TOKEN": "xoxb-of-the-tests", "SLACK_CHANNEL": "#feedback"}
JIRA = {
    "JIRA_URL": "https://jira.example.com",
    "JIRA_EMAIL": "bridge@example.com",
    "JIRA_API_TOKEN": "jira-token-of-the-tests",
    "JIRA_PROJECT": "PROJ",
}
TRANSLATE = {"TRANSLATE_PROVIDER": "libretranslate", "LIBRETRANSLATE_URL": "http://127.0.0.1:5000"}
ALL = {"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "translate,jira,slack", **ABC, **SLACK, **JIRA, **TRANSLATE}


def service(**variables: str) -> ServiceSettings:
    return configure({"WEBHOOK_TOKEN": TOKEN} | variables).service


def api(**variables: str) -> ApiSettings:
    """How ABC is asked."""
    settings = configure({"WEBHOOK_TOKEN": TOKEN} | variables).apis["abc"]
    assert isinstance(settings, ApiSettings)
    return settings


def problems(environ: Mapping[str, str]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configure(environ)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def blamed(environ: Mapping[str, str]) -> set[str]:
    """The variables that are named."""
    return {problem.partition(":")[0] for problem in problems(environ)}


def blamed_for(**variables: str) -> set[str]:
    return blamed({"WEBHOOK_TOKEN": TOKEN} | variables)


def everything_in(configuration: Configuration) -> tuple[str, list[str]]:
    """What is set, and the secrets in it."""
    parts = (configuration.service, *configuration.connectors.values())
    return repr(parts), secrets_of(*parts)


# Right


def test_a_token_is_all_that_is_needed() -> None:
    configuration = configure({"WEBHOOK_TOKEN": TOKEN})
    assert configuration.connectors == {}
    assert configuration.routes == ()
    defaults = configuration.service
    assert defaults.redis_url.get_secret_value() == "redis://127.0.0.1:6379/0"
    assert (defaults.max_body_bytes, defaults.trusted_proxies, defaults.allowed_ips) == (1_048_576, 0, [])
    assert (defaults.reconcile_every, defaults.reconcile_lookback) == (300, 86_400)
    assert (defaults.worker_concurrency, defaults.retention_days, defaults.bridge_instance) == (16, 30, "default")
    assert (defaults.log_level, defaults.log_format, defaults.bridge_language) == ("info", "json", "en")
    assert defaults.console_password is None


def test_every_connector_at_once() -> None:
    configuration = configure(ALL)
    assert list(configuration.connectors) == ["translate", "jira", "slack"]
    assert [route.connector for route in configuration.routes] == ["translate", "jira", "slack"]
    assert api(**ALL).abc_api_url == "https://abc.example.com/api"


def test_what_is_not_switched_on_is_not_looked_at() -> None:
    assert configure({"WEBHOOK_TOKEN": TOKEN, "JIRA_URL": "nonsense", "SLACK_FILTER": "(("}).connectors == {}


def test_tokens_while_rotating() -> None:
    tokens = configure({"WEBHOOK_TOKEN": f" {TOKEN} ,another-token-0000002, "}).sources.chosen["abc"].webhook_token  # type: ignore[attr-defined]
    assert [token.get_secret_value() for token in tokens] == [TOKEN, "another-token-0000002"]


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_empty_is_unset(empty: str) -> None:
    unset = dict.fromkeys(("LOG_LEVEL", "CONSOLE_PASSWORD", "MAX_BODY_BYTES", "ALLOWED_IPS", "ABC_API_KEY"), empty)
    assert repr(service(**unset)) == repr(service())
    assert "WEBHOOK_TOKEN" in blamed({"WEBHOOK_TOKEN": empty})


def test_lists_of_key_and_value(tmp_path: Path) -> None:
    def keys(text: str) -> dict[str, str]:
        found = api(**ABC | {"ABC_API_KEY": text}).abc_api_key
        return {key: secret.get_secret_value() for key, secret in found.items()}

    assert keys("one") == {"*": "one"}
    assert keys("1=one, 2 = two ,") == {"1": "one", "2": "two"}
    assert keys("*=any,2=two=too") == {"*": "any", "2": "two=too"}


def test_a_key_map_falls_back_to_its_default() -> None:
    values = KeyMap({"*": "any", "2": "two"})
    assert (values.get(2), values.get("2"), values.get(3)) == ("two", "two", "any")
    assert KeyMap({"2": "two"}).get(3) is None


@pytest.mark.parametrize(
    "url",
    ["redis://h", "redis://:p%40ss@h:6380/1", "rediss://u:p@h:1", "unix:///run/redis.sock", "redis://[::1]:6379/0"],
)
def test_addresses_of_redis(url: str) -> None:
    assert service(REDIS_URL=url).redis_url.get_secret_value() == url


def test_networks_and_channels() -> None:
    found = service(ALLOWED_IPS="192.0.2.1, 10.0.0.0/8,2001:db8::/32")
    assert [str(network) for network in found.allowed_ips] == ["192.0.2.1/32", "10.0.0.0/8", "2001:db8::/32"]
    assert api(RECONCILE_CHANNELS="1:1, 2:3").reconcile_channels == [(1, 1), (2, 3)]


@pytest.mark.parametrize("names", ["SLACK", "Slack,slack", " slack ,,SLACK, ", "slack,"])
def test_connectors_may_be_written_in_upper_case_and_twice(names: str) -> None:
    assert list(configure({"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": names, **SLACK}).connectors) == ["slack"]


@pytest.mark.parametrize("word", ["false", "FALSE", "False", "no", "off", "0", " false\n", "\ufefffalse"])
def test_false_is_written_in_many_ways(word: str) -> None:
    assert service(REDIS_TLS_VERIFY=word).redis_tls_verify is False


@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "on", "1"])
def test_true_is_written_in_many_ways(word: str) -> None:
    assert service(REDIS_TLS_VERIFY=word).redis_tls_verify is True


def test_words_are_taken_in_upper_case() -> None:
    found = service(LOG_LEVEL="INFO", LOG_FORMAT="Console", BRIDGE_LANGUAGE="KO")
    assert (found.log_level, found.log_format, found.bridge_language) == ("info", "console", "ko")
    translate = configure(ALL | {"TRANSLATE_PROVIDER": "LibreTranslate"}).connectors["translate"]
    assert translate.translate_provider == "libretranslate"  # type: ignore[attr-defined]


def test_an_address_of_redis_is_stored_as_redis_py_reads_it() -> None:
    found = service(REDIS_URL="REDIS://h?password=tell-nobody-1").redis_url
    assert found.get_secret_value() == "redis://:tell-nobody-1@h"


def test_variables_are_utf_8_whatever_the_locale() -> None:
    program = "from bridge.environment import environment; print(ascii(environment()['CHANNEL']))"
    for locale in ({"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}, {"PYTHONUTF8": "1"}):
        env = {"PATH": os.environ["PATH"], "CHANNEL": "#피드백", **locale}
        output = subprocess.run(
            [sys.executable, "-c", program], env=env, cwd=ROOT, capture_output=True, check=True
        ).stdout
        assert output.decode().strip() == ascii("#피드백")


def test_bytes_that_are_no_utf_8_are_refused() -> None:
    assert blamed_for(BRIDGE_INSTANCE="a\udcff") == {"BRIDGE_INSTANCE"}


# NAME_FILE


def test_a_value_may_come_from_a_file(tmp_path: Path) -> None:
    for name, value in ALL.items():
        (tmp_path / name).write_text(f"{value}\n", encoding="utf-8")
    files = {f"{name}_FILE": str(tmp_path / name) for name in ALL}
    (tmp_path / "filter").write_text("project.id == 1\n", encoding="utf-8")
    configuration = configure(files | {"SLACK_FILTER_FILE": str(tmp_path / "filter")})
    assert everything_in(configuration) == everything_in(configure(ALL))
    assert configuration.routes[-1].condition is not None


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "absent", tmp_path, tmp_path / "latin"):
        assert blamed({"WEBHOOK_TOKEN": TOKEN, "LOG_LEVEL_FILE": str(path)}) == {"LOG_LEVEL_FILE"}
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    assert load(ServiceSettings, {"LOG_LEVEL_FILE": str(tmp_path / "empty")}).log_level == "info"


def test_a_file_may_be_written_on_windows(tmp_path: Path) -> None:
    """With a byte order mark and its line ends; UTF-16 is named as what it is not."""
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf" + TOKEN.encode() + b"\r\n")
    found = configure({"WEBHOOK_TOKEN_FILE": str(file)}).sources.chosen["abc"].webhook_token  # type: ignore[attr-defined]
    assert [token.get_secret_value() for token in found] == [TOKEN]
    file.write_text(TOKEN, encoding="utf-16")
    [problem] = problems({"WEBHOOK_TOKEN_FILE": str(file)})
    assert problem.startswith("WEBHOOK_TOKEN_FILE: ")
    assert "UTF-8" in problem


@pytest.mark.parametrize("what", ["EVENTS", "FILTER"])
def test_events_and_filters_may_come_from_files(tmp_path: Path, what: str) -> None:
    """What the file holds is in force, and what is wrong in it is named."""
    file = tmp_path / "value"
    file.write_text({"EVENTS": "ISSUE_*,!ISSUE_ADDITION\n", "FILTER": "project.id == 7\n"}[what], encoding="utf-8")
    [route] = configure(
        {"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "slack", **SLACK, f"SLACK_{what}_FILE": str(file)}
    ).routes
    if what == "EVENTS":
        matched = [name for name in EVENTS if route.wants(name)]
        assert matched == ["ISSUE_CREATION", "ISSUE_STATUS_CHANGE"]
    else:
        assert route.condition is not None
    file.write_text("project.id ==" if what == "FILTER" else "NOTHING_LIKE_IT", encoding="utf-8")
    assert blamed(ALL | {f"SLACK_{what}_FILE": str(file)}) == {f"SLACK_{what}"}


def test_both_ways_at_once_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "value"
    file.write_text("debug", encoding="utf-8")
    both = {"LOG_LEVEL": "info", "LOG_LEVEL_FILE": str(file)}
    assert problems({"WEBHOOK_TOKEN": TOKEN, **both}) == ["LOG_LEVEL: set either LOG_LEVEL or LOG_LEVEL_FILE, not both"]
    assert blamed(ALL | {"CONNECTORS_FILE": str(file), "SLACK_EVENTS": "*", "SLACK_EVENTS_FILE": str(file)}) >= {
        "CONNECTORS"
    }
    assert read_variable("LOG_LEVEL", {"LOG_LEVEL_FILE": str(file)}) == "debug"


def test_files_of_other_programs_are_not_read() -> None:
    assert service(DOCKER_CONFIG_FILE="/absent", LOG_FILE="/absent").log_level == "info"


# Wrong


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WEBHOOK_TOKEN", "too-short"),
        ("WEBHOOK_TOKEN", "with blanks and more"),
        ("WEBHOOK_TOKEN", "비밀-토큰-비밀-토큰-비밀-토큰"),
        ("WEBHOOK_TOKEN", f"{TOKEN},short"),
        ("WEBHOOK_TOKEN", ","),
        ("REDIS_URL", "http://127.0.0.1"),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "redis://host:port/0"),
        ("REDIS_URL", "redis://host:99999/0"),
        ("REDIS_URL", "redis://:pa#ss@host:6379/0"),
        ("REDIS_URL", "redis://[::1/0"),
        ("REDIS_URL", "redis://h?family=0"),
        ("REDIS_URL", "redis://h?timeout=5s"),
        ("REDIS_URL", "redis://h?decode_responses=true"),
        ("REDIS_URL", "unix:x"),
        ("REDIS_URL", "rediss://h?ssl_cert_reqs=CERT_SOMETIMES"),
        ("REDIS_TLS_VERIFY", "perhaps"),
        ("CONNECTORS", "slcak"),
        ("CONNECTORS", "slack，jira"),
        ("ABC_API_URL", "abc.example.com"),
        ("ABC_API_URL", "ftp://abc.example.com"),
        ("ABC_API_URL", "https://abc.example.com?api-version=1"),
        ("ABC_API_URL", "https://user:password@abc.example.com"),
        ("ABC_API_URL", "<the address>"),
        ("ABC_API_KEY", "비밀"),
        ("ABC_API_KEY", "<your key>"),
        ("ABC_API_KEY", "your-key-here"),
        ("ABC_API_KEY", "1=a,2"),
        ("ABC_API_KEY", "1=a,1=b"),
        ("ABC_API_KEY", "1="),
        ("ALLOWED_IPS", "10.0.0.0/33"),
        ("ALLOWED_IPS", "localhost"),
        ("ALLOWED_IPS", ","),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "11"),
        ("TRUSTED_PROXIES", "one"),
        ("MAX_BODY_BYTES", "1023"),
        ("MAX_BODY_BYTES", "1e6"),
        ("MAX_BODY_BYTES", "9" * 5000),
        ("MAX_BODY_BYTES", "2,000,000"),
        ("MAX_BODY_BYTES", "2 000 000"),
        ("MAX_BODY_BYTES", "２０００"),
        ("MAX_BODY_BYTES", "'2000'"),
        ("CONSOLE_PASSWORD", "비밀번호"),
        ("RECONCILE_EVERY", "-1"),
        ("RECONCILE_EVERY", "604801"),
        ("RECONCILE_LOOKBACK", "31622401"),
        ("ALERT_MAX_AGE", "31622401"),
        ("RECONCILE_LOOKBACK", "59"),
        ("RECONCILE_CHANNELS", "1"),
        ("RECONCILE_CHANNELS", "1:a"),
        ("RECONCILE_CHANNELS", "1:²"),
        ("RECONCILE_CHANNELS", "1:1，1:2"),
        ("RECONCILE_CHANNELS", f"1:{'9' * 5000}"),
        ("WORKER_CONCURRENCY", "0"),
        ("WORKER_CONCURRENCY", "257"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "-30"),
        ("RETENTION_DAYS", "1e-9"),
        ("RETENTION_DAYS", "2.99"),
        ("RETENTION_DAYS", "3650.5"),
        ("RETENTION_DAYS", "nan"),
        ("RETENTION_DAYS", "inf"),
        ("RETENTION_DAYS", "1,5"),
        ("BRIDGE_INSTANCE", "with blank"),
        ("BRIDGE_INSTANCE", "a:b"),
        ("BRIDGE_LANGUAGE", "fr"),
        ("LOG_LEVEL", "INFO!"),
        ("LOG_FORMAT", "xml"),
        ("PORT", "http"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("WEB_CONCURRENCY", "0"),
    ],
)
def test_a_bad_value_is_reported_by_name(name: str, value: str) -> None:
    [problem] = problems({"WEBHOOK_TOKEN": TOKEN} | {name: value})
    assert problem.startswith(f"{name}: ")
    assert "\n" not in problem
    assert len(problem) < 200


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("MAX_BODY_BYTES", "1e6", "should be a whole number in digits, without blanks, signs or separators"),
        ("MAX_BODY_BYTES", "1", "should be at least 1024"),
        ("MAX_BODY_BYTES", "999999999999", "should be at most 67108864"),
        ("RETENTION_DAYS", "0", "should be at least 3"),
        ("RETENTION_DAYS", "1,5", "should be a number such as 10 or 0.5, without blanks or separators"),
        ("REDIS_TLS_VERIFY", "perhaps", "should be true or false"),
        ("LOG_FORMAT", "xml", "should be 'json' or 'console'"),
        ("PORT", "８０００", "(it holds full-width characters: type it in ASCII)"),
        ("BRIDGE_INSTANCE", "a b", "should be 1 to 40 characters of A-Z a-z 0-9 _ -"),
        ("LOG_LEVEL", "'info'", "the quotes around the value are read as a part of it: remove them"),
    ],
)
def test_a_problem_names_what_to_write(name: str, value: str, expected: str) -> None:
    [problem] = problems({"WEBHOOK_TOKEN": TOKEN, name: value})
    assert problem.endswith(expected)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in ("JIRA_RATE", "TRANSLATE_RATE") for value in ("0", "1e-9", "10001", "inf", "nan")),
        *(("SLACK_RATE", value) for value in ("0", "1e-9", "10001", "inf", "nan", "-1")),
        *(("JIRA_SEARCH_LAG", value) for value in ("-1", "3601", "inf", "nan")),
        *((name, f"'{ALL[name]}'") for name in ("SLACK_BOT_TOKEN", "JIRA_API_TOKEN", "JIRA_URL", "JIRA_PROJECT")),
        ("SLACK_BOT_TOKEN", "xoxb-..."),
        ("JIRA_API_TOKEN", "토큰"),
        ("JIRA_URL", "https://bridge@example.com:secret@jira.example.com"),
        ("LIBRETRANSLATE_URL", "http://127.0.0.1:5000/?api_key=secret-of-the-tests"),
        ("LIBRETRANSLATE_URL", "http://user:secret@127.0.0.1:5000"),
        ("TRANSLATE_TARGET", "en，ja"),
        ("JIRA_PROJECT", "1=PROJ，2=APP"),
        ("JIRA_PROJECT", "PROJ,APP"),
    ],
)
def test_a_bad_value_of_a_connector_is_named(name: str, value: str) -> None:
    [problem] = problems(ALL | {name: value})
    assert problem.startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("JIRA_RATE", "0.001", "10000"), ("TRANSLATE_RATE", "0.001", "10000"), ("SLACK_RATE", "0.001", "10000")],
)
def test_rates_have_a_floor_and_a_ceiling(name: str, least: str, most: str) -> None:
    for value in (least, most):
        assert configure(ALL | {name: value})


def test_nothing_is_forgotten_while_it_may_still_be_retried() -> None:
    assert configure({"WEBHOOK_TOKEN": TOKEN, "RETENTION_DAYS": "3"}).service.retention_days == 3
    longest = max(GIVE_UP_AFTER, sum(DELAYS) * (1 + JITTER), *HEAL_PAUSES)
    assert longest <= 3 * 86_400


def test_every_number_has_a_floor_and_a_ceiling() -> None:
    """Of every part: what is typed in with three zeros too many, or below zero, is refused at the start."""
    parts: list[type[Settings]] = [ServiceSettings, *(connectors.find(name).settings for name in connectors.REGISTRY)]
    parts += [source.settings for source in sources.REGISTRY.values()] + [api.settings for api in sources.APIS.values()]
    parts += [providers.find(name).settings for name in providers.REGISTRY]
    numbers = {
        part.variables()[field]: info
        for part in parts
        for field, info in part.model_fields.items()
        if info.annotation in (int, float)
    }
    assert {"JIRA_RATE", "RETENTION_DAYS", "WORKER_CONCURRENCY"} <= numbers.keys()
    for kind in (Ge, Le):
        bare = [name for name, info in numbers.items() if not any(isinstance(bound, kind) for bound in info.metadata)]
        assert bare == [], f"without {kind.__name__}"


def test_no_secret_is_a_plain_text() -> None:
    """A variable whose name contains key, token, password, secret or pat is of a type that prints no value; but for
    NOCOBASE_KEY_FIELD, which names a column."""
    parts: list[type[Settings]] = [ServiceSettings, *(connectors.find(name).settings for name in connectors.REGISTRY)]
    parts += [source.settings for source in sources.REGISTRY.values()] + [api.settings for api in sources.APIS.values()]
    parts += [providers.find(name).settings for name in providers.REGISTRY]
    names = {
        part.variables()[field].lower(): str(info.annotation)
        for part in parts
        for field, info in part.model_fields.items()
    }
    secret = {f for f in names if re.search(r"(^|_)(key|token|password|secret|pat|dsn)(_|$)", f)} - {
        "nocobase_key_field"
    }
    assert {"webhook_token", "abc_api_key", "jira_pat", "slack_bot_token", "deepl_auth_key"} <= secret
    assert [f for f in secret if "SecretStr" not in names[f]] == []


def test_all_problems_are_reported_at_once() -> None:
    """Of every part, and what is missing altogether as well."""
    environ = {
        "LOG_LEVEL": "loud",
        "MAX_BODY_BYTES": "big",
        "ALLOWED_IPS": "everywhere",
        "CONNECTORS": "translate,jira,slack,fax",
        "TRANSLATE_PROVIDER": "babelfish",
        "JIRA_URL": "jira",
        "SLACK_CHANNEL": "#feedback",
        "SLACK_EVENTS": "NOTHING",
        "JIRA_FILTER": "project.id =",
        "TRANSLATE_FILTER": "rating > 1",
    }
    assert blamed(environ) >= {
        *("WEBHOOK_TOKEN", "LOG_LEVEL", "MAX_BODY_BYTES", "ALLOWED_IPS", "CONNECTORS", "ABC_API_URL", "ABC_API_KEY"),
        *("TRANSLATE_PROVIDER", "TRANSLATE_FILTER", "JIRA_URL", "JIRA_PROJECT", "JIRA_FILTER"),
        *("SLACK_BOT_TOKEN", "SLACK_EVENTS"),
    }
    announced = problems(environ)
    assert len(announced) == len(set(announced))


@pytest.mark.parametrize("connectors", ["translate", "jira", "translate,jira"])
def test_connectors_that_need_abc_are_named(connectors: str) -> None:
    environ = {name: value for name, value in ALL.items() if not name.startswith("ABC_")} | {"CONNECTORS": connectors}
    announced = problems(environ)
    assert {problem.partition(":")[0] for problem in announced} == {"ABC_API_URL", "ABC_API_KEY"}
    assert all(connector in problem for problem in announced for connector in connectors.split(","))


def test_slack_works_without_abc() -> None:
    assert list(configure({"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "slack", **SLACK}).connectors) == ["slack"]


def test_an_unknown_connector_is_reported_with_those_that_exist() -> None:
    [problem] = problems({"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "slack,fax", **SLACK})
    assert problem.startswith("CONNECTORS: ")
    assert all(name in problem for name in ("'fax'", "translate", "jira", "slack"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("SLACK_THREDS", "SLACK_THREADS"),
        ("TRANSLATE_TARGETS", "TRANSLATE_TARGET"),
        ("JIRA_STATUSMAP", "JIRA_STATUS_MAP"),
        ("CONSOLE_PASSWORD_FIEL", "CONSOLE_PASSWORD_FILE"),
        ("port", None),  # a single word may be another program's
        ("REDIS_TLS_URL", None),  # Heroku's own
        ("SLACK_TOKEN", None),
        ("SLACK_EVENT", None),  # SLACK_EVENTS is set
        ("PORTS", None),
    ],
)
def test_a_misspelled_variable_is_doubted(name: str, meant: str | None) -> None:
    environ = {"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "slack", "SLACK_EVENTS": "*", **SLACK, name: "1"}
    doubts = (f"{name}: there is no such variable; did you mean {meant}?",) if meant else ()
    assert configure(environ).doubts == doubts


def numbers() -> list[tuple[type[Settings], str, str]]:
    """Every setting that is one number, of every settings class, and the words of its mistake."""
    classes: list[type[Settings]] = [ServiceSettings, *(source.settings for source in sources.REGISTRY.values())]
    classes += [api.settings for api in sources.APIS.values()]
    classes += [connectors.find(kind).settings for kind in connectors.REGISTRY]
    classes += [providers.find(kind).settings for kind in providers.kinds()]
    found = []
    for cls in dict.fromkeys(classes):
        for field, info in cls.model_fields.items():
            kinds = {info.annotation, *get_args(info.annotation)} & {int, float}
            found += [(cls, cls.variables()[field], "a whole" if kind is int else "a number") for kind in kinds]
    return found


@pytest.mark.parametrize("value", ["8_0", "+80", "8 0", "٨٠", "८०", "８０", "0x50", "1,000", "- 80", "infinity", "nan"])
def test_only_plain_digits_are_a_number(value: str) -> None:
    for cls, variable, words in numbers():
        with pytest.raises(ConfigError) as caught:
            load(cls, {variable: value})
        [problem] = [line for line in caught.value.problems if line.startswith(f"{variable}:")]
        assert problem.startswith(f"{variable}: should be {words}")


def test_every_settings_class_with_a_number_is_looked_at() -> None:
    found = {variable for _, variable, _ in numbers()}
    assert {"PORT", "WORKER_CONCURRENCY", "RETENTION_DAYS", "SLACK_RATE", "TRANSLATE_MAX_CHARACTERS"} <= found


@pytest.mark.parametrize("name", ["slack_filter", "Slack_Filter", "SLACK_filter_FILE"])
def test_a_variable_that_is_not_in_upper_case_is_doubted(name: str) -> None:
    environ = {"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "slack", **SLACK, name: "1"}
    assert configure(environ).doubts == (f"{name}: is not read: write it in upper case, {name.upper()}",)


def test_a_connector_that_is_filled_in_and_not_switched_on_is_noted() -> None:
    """No doubt: it may be off on purpose."""
    configuration = configure({"WEBHOOK_TOKEN": TOKEN, "CONNECTORS": "slack", **SLACK, **JIRA})
    assert configuration.notes == ("CONNECTORS does not name jira, although JIRA_URL is set: the connector is off",)
    assert configuration.doubts == ()
    assert configure(ALL).notes == ()


def test_the_password_of_a_proxy_is_masked() -> None:
    for name in ("HTTPS_PROXY", "http_proxy"):
        redact = configure({"WEBHOOK_TOKEN": TOKEN, name: "http://user:tell-nobody@proxy.example.com:3128"}).redact
        assert "tell-nobody" not in redact("407 from http://user:tell-nobody@proxy.example.com:3128, tell-nobody")


def test_nothing_that_is_documented_is_doubted() -> None:
    assert configure(ALL).doubts == ()


def test_a_required_variable_that_is_misspelled_is_reported_with_the_others() -> None:
    announced = problems({"WEBHOOK_TOKENS": TOKEN})
    assert announced[0].startswith("WEBHOOK_TOKEN: required, but not set")
    assert announced[1] == "WEBHOOK_TOKENS: there is no such variable; did you mean WEBHOOK_TOKEN?"


# Secrets


SECRETS = {
    "WEBHOOK_TOKEN": f"{TOKEN},tell-nobody-1 ",
    "REDIS_URL": "redis://:tell-nobody-2@127.0.0.1:tell-nobody/0",
    "ABC_API_KEY": "1=tell-nobody-3,2=tell-nobody-4,tell-nobody-5",
    "CONSOLE_PASSWORD": "tell-nobody-6é",
    "SLACK_BOT_TOKEN": "tell-nobody-7 with blanks",
    "JIRA_API_TOKEN": "tell-nobody-8",
    "JIRA_PAT": "tell-nobody-9",
}


def test_problems_hold_no_secret() -> None:
    announced = problems(ALL | SECRETS)
    assert {problem.partition(":")[0] for problem in announced} >= SECRETS.keys() - {"JIRA_API_TOKEN"}
    assert "tell-nobody" not in "\n".join(announced)


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=30))
def test_no_mistake_quotes_an_api_key(key: str) -> None:
    key = f"tell-nobody{key}tell-nobody"
    announced: Any = ""
    try:
        announced = configure(ALL | {"ABC_API_KEY": key, "REDIS_URL": f"redis://:{key}@h:1/0"})
    except ConfigError as error:
        announced = error
    assert "tell-nobody" not in f"{announced!s} {announced!r}"


def test_reprs_hold_no_secret() -> None:
    secret = {"CONSOLE_PASSWORD": "tell-nobody-1", "ABC_API_KEY": "1=tell-nobody-2", "JIRA_API_TOKEN": "tell-nobody-3"}
    more = {"SLACK_BOT_TOKEN": "xoxb-tell-nobody-4", "REDIS_URL": "redis://:tell-nobody-5@127.0.0.1:6379/0"}
    configuration: Configuration = configure(ALL | secret | more)
    for text in (repr(configuration), str(configuration), repr(configuration.service), str(configuration.connectors)):
        assert "tell-nobody" not in text
    assert TOKEN not in repr(configuration)


# The processes


@pytest.mark.parametrize("which", ["web", "worker"])
def test_a_wrong_environment_ends_the_process_with_78(tmp_path: Path, which: str) -> None:
    """One message that names everything, before it listens; no traceback, and no secret."""
    environ = ALL | {
        "LOG_LEVEL": "loud",
        "JIRA_URL": "jira",
        "PORT": "http",
        "SLACK_EVENTS": "NO",
        "REDIS_URL": "redis",
    }
    environ |= {"JIRA_API_TOKEN": "tell-nobody", "CONSOLE_PASSWORD": "tell-nobody"}
    del environ["WEBHOOK_TOKEN"]
    with Processes(tmp_path) as processes:
        process = processes.start(which, procfile()[which], environ)
        assert process.wait(20) == 78
        output = process.output()
    first, *announced = output.strip().splitlines()
    assert "docs/configuration.md" in first
    named = {line.strip().partition(":")[0] for line in announced}
    assert named == {"LOG_LEVEL", "JIRA_URL", "PORT", "SLACK_EVENTS", "REDIS_URL", "WEBHOOK_TOKEN"}
    assert "tell-nobody" not in output


def test_doubts_are_reported_and_do_not_keep_it_from_starting(tmp_path: Path) -> None:
    environ = {"WEBHOOK_TOKEN": TOKEN, "SLACK_THREDS": "true", "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}
    with Processes(tmp_path) as processes:
        for which in ("web", "worker"):
            process = processes.start(which, procfile()[which], {**environ, "PORT": str(free_port())})
            wait_for("the doubt", lambda process=process: "did you mean SLACK_THREADS?" in process.output())  # type: ignore[misc]
            assert process.returncode is None
        check = processes.start("check", "flask check --offline", environ)
        assert check.wait(20) == 1
        assert "FAIL SLACK_THREDS: " in check.output()


def test_the_commands_report_the_same(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        process = processes.start("check", "flask check --offline", {"PORT": str(free_port()), "LOG_LEVEL": "loud"})
        assert process.wait(20) == 1
        assert "FAIL WEBHOOK_TOKEN: " in process.output()
        assert "FAIL LOG_LEVEL: " in process.output()
        assert "Traceback" not in process.output()


def test_a_password_in_another_script_is_refused_with_the_reason_and_a_way() -> None:
    with pytest.raises(ConfigError) as caught:
        load(ServiceSettings, {"CONSOLE_PASSWORD": "비밀번호-여덟자"})
    [problem] = caught.value.problems
    assert problem.startswith("CONSOLE_PASSWORD: should be of ASCII")
    assert "HTTP header" in problem
    assert "argon2" in problem
    assert "비밀" not in problem
