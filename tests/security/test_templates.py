"""A template takes bounded time and memory, whatever stands in it and whatever the event brings; and what a good one
writes is what Jinja writes."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest
from jinja2 import StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

import connectors
from bridge.environment import ConfigError
from bridge.templates import TemplateMistake, check_names, render_template
from connectors.base import Failed, Previewing
from console.previewing import NoLinks
from jobs.configuration import configure
from jobs.runtime import Runtime
from sources.abc.events import parse
from tests.connectors.contract import cases_of
from tests.security.hostile_templates import HOSTILE, REFERENCE
from tools.sandbox.processes import ROOT

TIMES = 10
"""How many times as long as the reference one may take."""
MEGABYTES = 300
ENOUGH = 2 * 1024**3
"""Bytes of address space: a missing bound ends the process, and not the machine."""
OTHER_KINDS = {
    "a macro without an end": "RecursionError",
    "a macro as the key of a sort": "TypeError",
    "sum of lists": "TypeError",
    "range": "OverflowError",
    "many brackets": "TooDeep",
    "many blocks": "TooDeep",
    "a number of many digits": "TooDeep",
    "a long template": "TooLong",
    "a recursive loop": "RecursionError",
}


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ENOUGH, ENOUGH))
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))


def test_hostile_templates_and_values_end_soon_and_in_little_memory() -> None:
    command = [sys.executable, "-m", "tests.security.hostile_templates"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, preexec_fn=limited)
    lines = ran.stdout.splitlines()
    assert len(lines) == len(HOSTILE) + 1, f"the first without a line has no bound: {lines[-1:]}, {ran.stderr[-500:]}"
    found = {name: (kind, seconds) for name, kind, seconds in map(json.loads, lines[:-1])}
    wrong = {name: kind for name, (kind, _) in found.items() if kind != OTHER_KINDS.get(name, "TooMuchWork")}
    assert wrong == {}
    most = TIMES * found[REFERENCE][1]
    assert {name: seconds for name, (_, seconds) in found.items() if seconds > most} == {}
    assert float(lines[-1]) < MEGABYTES


GOOD = [
    "{{ 1 + 2 * 3 ** 2 % 5 - 7 // 2 }} {{ 5 / 2 }} {{ -3 }} {{ 'ab' * 3 }} {{ [1] * 2 }}",
    "{{ 'a' ~ 1 ~ none ~ [1, 'x'] }} {{ 'a' + 'b' }} {{ [1] + [2] }}",
    "{% for i in range(3) %}{{ loop.index }}/{{ loop.length }}{{ loop.cycle('a', 'b') }}"
    "{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for a, b in data.items() if b %}{{ a }}={{ b }} {% else %}none{% endfor %}",
    "{% for x in tree recursive %}{{ x.n }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}",
    "{% macro m(x, y=2) %}<{{ x }}{{ y }}>{% endmacro %}{{ m(m(1), y=3) }}{% macro c() %}{{ caller(1) }}{% endmacro %}"
    "{% call(y) c() %}c{{ y }}{% endcall %}{% block a %}B{% endblock %}{{ self.a() }}",
    "{% set l = [] %}{% for i in range(50) %}{% set _ = l.append(i) %}{% endfor %}{{ l[1:3] }} {{ l|sum }} "
    "{{ 3 in l }}",
    "{% set n = namespace(x=1) %}{% for i in [1, 2] %}{% set n.x = n.x + i %}{% endfor %}{{ n.x }}",
    "{% filter upper %}abc{% endfilter %}{% set x %}block{% endset %}{{ x|title }}{{ x|safe }}",
    "{{ tags|map('upper')|join(', ') }} {{ tags|join('-') }} {{ ', '.join(tags) }} {{ tags|sort|first }} "
    "{{ tags|last }}",
    "{{ tags|select('ne', 'b')|list }} {{ tags|batch(2)|list }} {{ tags|slice(2)|list }} {{ tags|unique|list }}",
    "{{ tree|map(attribute='n')|list }} {{ tree|sum(attribute='n') }} {{ tree|groupby('n')|length }} "
    "{{ data|dictsort }}",
    "{{ data|tojson }} {{ data|tojson(indent=2) }} {{ data|items|list }} {{ data.get('a') }} {{ data|length }}",
    "{{ when|default(5) }} {{ when|round }} {{ '%d'|format(when) }} {{ 'at {}'.format(when) }} {{ '%s' % when }}",
    "{{ '%05d|%-8s|%.2f'|format(7, 'ab', 1.239) }} {{ '100%% of {a:>4} {b!r}'.format(a=1, b='x') }} "
    "{{ '%(a)s' % data }}",
    "{{ 'x'|center(9) }}{{ 'x'.ljust(5) }}{{ 'a\nb'|indent(4) }}{{ 'a b'|replace(' ', '_') }}"
    "{{ 'a'.replace('a', 'bb') }}",
    "{{ 'hello world foo'|wordwrap(5) }} {{ 'see http://a.example/c'|urlize }} {{ '<b>x</b>'|striptags }} "
    "{{ '<a>'|e }}",
    "{{ 'a,b'.split(',') }} {{ text|truncate(9) }} {{ text|wordcount }} {{ text[:5] }} {{ text|reverse }} "
    "{{ text|urlencode }}",
    "{% if 1 < 2 < 3 and 'a' == 'a' and 'e' in text %}yes{% endif %} {{ cycler('a', 'b').next() }} {{ x is defined }}",
    "{{ text.upper() }} {{ text.startswith('H') }} {{ text.find('w') }} {{ 1.5|int }} {{ '7'|int + 1 }} "
    "{{ 2000|filesizeformat }}",
]
VALUES = {
    "tags": ["c", "a", "b"],
    "data": {"a": [1, "x"], "b": None},
    "tree": [{"n": 1, "c": [{"n": 2, "c": []}]}],
    "when": 1767323045678,
    "text": "Hello, wide world",
}


@pytest.mark.parametrize("source", GOOD, ids=range(len(GOOD)))
def test_a_good_template_writes_what_jinja_writes(source: str) -> None:
    plain = SandboxedEnvironment(undefined=StrictUndefined, finalize=lambda value: "" if value is None else value)
    assert render_template(source, VALUES) == plain.from_string(source).render(VALUES)


def test_a_long_text_and_a_large_event_are_no_mistake() -> None:
    """A megabyte of text, and as many values as a filter looks at."""
    text = "결제가 안 돼요. " * 100_000
    assert render_template("{{ text|upper }}", {"text": text}) == text.upper()
    data = {"text": text[:500_000], "items": [{"n": number} for number in range(1_000)]}
    assert json.loads(render_template("{{ data|tojson }}", {"data": data})) == data
    listed = "{% for item in data['items'] %}{{ loop.index }}. {{ item.n }} of {{ data['items']|length }}\n{% endfor %}"
    assert render_template(listed, {"data": data}).count("\n") == 1_000


@pytest.mark.parametrize(
    "name", ["many brackets", "many blocks", "a number of many digits", "a long template", "lipsum"]
)
def test_what_can_be_known_before_is_reported_at_the_start(name: str) -> None:
    with pytest.raises(TemplateMistake):
        check_names(HOSTILE[name][0], frozenset({"v"}))


def test_an_assertion_of_jinja_is_a_mistake_of_the_template() -> None:
    with pytest.raises(TemplateMistake, match="line 2: expected length >= 3, got 2"):
        render_template("\n{{ text|truncate(2) }}", VALUES)


WRAPPED = "{{ issue.name|wordwrap(40) }}"
TEMPLATES = {
    "JANDI_TEMPLATE": ("jandi", "webhook", WRAPPED),
    "OUTGOING_TEMPLATE": ("outgoing", "standard", '{"name": "' + WRAPPED + '"}'),
    "NOCOBASE_FIELDS": ("nocobase", "records", json.dumps({"title": WRAPPED})),
    "GITHUB_SUMMARY_TEMPLATE": ("github", "token", WRAPPED),
    "GITHUB_DESCRIPTION_TEMPLATE": ("github", "token", WRAPPED),
}


def environ(variable: str, template: str) -> dict[str, str]:
    kind = variable.partition("_")[0].lower()
    case = TEMPLATES[variable][1] if variable in TEMPLATES else next(iter(cases_of(kind)))
    abc = {"ABC_API_URL": "http://127.0.0.1:9/abc", "ABC_API_KEY": "made-up"}
    own = cases_of(kind)[case].variables("http://127.0.0.1:9")
    return {"WEBHOOK_TOKEN": "a-token-for-this-test", "CONNECTORS": kind, **abc, **own, variable: template}


@pytest.mark.parametrize("variable", TEMPLATES)
def test_a_text_that_makes_a_good_template_take_too_long_fails_with_its_variable(variable: str) -> None:
    kind, _, template = TEMPLATES[variable]
    connector = Runtime(configure(environ(variable, template))).connectors[kind]
    assert isinstance(connector, Previewing)
    issue = {"id": 1, "name": "x" * 500_000, "status": "INIT"}
    data = {"project": {"id": 1, "name": "p"}, "issue": issue}
    shown = connector.preview(parse({"event": "ISSUE_CREATION", "data": data}, "test"), NoLinks())
    assert isinstance(shown, Failed)
    assert shown.reason == "config"
    assert shown.why.startswith(variable)
    assert "TooMuchWork" in shown.why


def test_every_template_that_takes_too_long_is_reported_at_the_start() -> None:
    bomb = "{{ 'x' * 10**9 }}"
    fields = [field for kind in connectors.REGISTRY for field in connectors.find(kind).settings.variables().values()]
    variables = [variable for variable in fields if variable.endswith("_TEMPLATE")]
    assert {*TEMPLATES} - {"NOCOBASE_FIELDS"} < {*variables}
    for variable in variables:
        with pytest.raises(ConfigError, match=f"{variable}: .*too much work"):
            configure(environ(variable, bomb))
    with pytest.raises(ConfigError, match=r"NOCOBASE_FIELDS: column 'title': .*too much work"):
        configure(environ("NOCOBASE_FIELDS", json.dumps({"title": bomb})))


def test_a_template_for_other_events_than_the_sample_is_no_mistake_at_the_start() -> None:
    for template in ("{{ data.customer.name }}", "{{ 1 / data.count }}", "{{ data.customer.tags|join }}"):
        configure(environ("JANDI_TEMPLATE", template))


NEVER = {
    "{% include 'x' %}": "there is no other template",
    "{% if false %}{% include ['x', 'y'] ignore missing %}{% endif %}": "there is no other template",
    "{% import 'x' as y %}": "there is no other template",
    "{% from 'x' import y %}": "there is no other template",
    "{% extends 'x' %}": "there is no other template",
    "{{ ''.__class__.__mro__ }}": "can't be used",
    "{% if false %}{{ project.__class__ }}{% endif %}": "can't be used",
    "{{ project.id|attr('__class__') }}": "unsafe",
    "{{ '{0.__class__}'.format(project.id) }}": "unsafe",
    "{{ project.id.nope() }}": "nope",
    "{{ project.name + 1 }}": "",
}


@pytest.mark.parametrize("template", NEVER)
def test_what_fails_with_every_event_is_reported_at_the_start(template: str) -> None:
    for variable in ("JANDI_TEMPLATE", "JANDI_DIGEST_TEMPLATE", "GITHUB_SUMMARY_TEMPLATE", "OUTGOING_TEMPLATE"):
        with pytest.raises(ConfigError, match=f"{variable}: line 1: .*{NEVER[template]}"):
            configure(environ(variable, template))
    with pytest.raises(ConfigError, match=rf"NOCOBASE_FIELDS: column 'title': line 1: .*{NEVER[template]}"):
        configure(environ("NOCOBASE_FIELDS", json.dumps({"title": template})))
