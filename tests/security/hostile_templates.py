"""Templates, and values in good ones, that would take hours or all of the memory; test_templates.py runs this as a
program, so that a bound that is missing ends that and nothing else.

Prints for each a line of JSON: its name, the kind of the mistake ("" for none) and the seconds of CPU; the last line is
how many MB the process grew by.
"""

from __future__ import annotations

import json
import resource
import time
from typing import Any

from bridge.templates import TemplateMistake, render_template

WORD = "x" * 1_000_000
WORDS = "가나다 " * 250_000
NUMBERS = list(range(100_000))
SAME_HASH = [number * (2**61 - 1) for number in range(1, 50_000)]
DEEP = {"x": ["q" * 100] * 5_000}
MANY = "{% for i in range(100000) %}"
GROWING = "{% set n = namespace(x=[1], y=[1]) %}{% for i in range(100) %}"

REFERENCE = "a loop that inserts numbers until it may not any more"
HOSTILE: dict[str, tuple[str, dict[str, Any]]] = {
    REFERENCE: (MANY + "{{ i }}{% endfor %}", {}),
    "loops within loops": (MANY * 4 + "{% endfor %}" * 4, {}),
    "loops over what the event brings": ("{% for a in v %}" * 4 + "{% endfor %}" * 4, {"v": NUMBERS}),
    "loops that write text": (MANY * 2 + "y" * 2_000 + "{% endfor %}" * 2, {}),
    "loops that keep text": ("{% set z %}" + MANY * 2 + "y" * 2_000 + "{% endfor %}" * 2 + "{% endset %}", {}),
    "loops over generators": ("{% for a in range(100000)|map('string') %}" * 3 + "{% endfor %}" * 3, {}),
    "a power": ("{{ 9 ** (9 ** 9) }}", {}),
    "a power of values": ("{{ v ** v }}", {"v": 10**6}),
    "squares": ("{% set n = namespace(x=3) %}" + MANY + "{% set n.x = n.x * n.x %}{% endfor %}", {}),
    "a text times a number": ("{{ 'x' * 10**9 }}", {}),
    "a number times a list": ("{{ v * [1] }}", {"v": 10**12}),
    "doubled by +": ("{% set n = namespace(x='x') %}" + MANY + "{% set n.x = n.x + n.x %}{% endfor %}", {}),
    "doubled by ~": ("{% set n = namespace(x='x') %}" + MANY + "{% set n.x = n.x ~ n.x %}{% endfor %}", {}),
    "a namespace doubled by ~": ("{% set n = namespace(x='x') %}" + MANY + "{% set n.x = n ~ n %}{% endfor %}", {}),
    "a list doubled": (GROWING + "{% set n.x = n.x + n.x %}{% endfor %}", {}),
    "a list that extends itself": ("{% set v = [1] %}" + MANY + "{% set _ = v.extend(v) %}{% endfor %}", {}),
    "a list within itself, written": (GROWING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x }}", {}),
    "a list within itself, as JSON": (GROWING + "{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x|tojson }}", {}),
    "lists within themselves, compared": (
        GROWING + "{% set n.x = [n.x, n.x] %}{% set n.y = [n.y, n.y] %}{% endfor %}{{ n.x == n.y }}",
        {},
    ),
    "center": ("{{ 'x'|center(10**9) }}", {}),
    "center by a value": ("{{ 'x'|center(v) }}", {"v": 10**10}),
    "center as a method": ("{{ 'x'.center(10**9) }}", {}),
    "ljust": ("{{ 'x'.ljust(10**9) }}", {}),
    "zfill": ("{{ 'x'.zfill(10**9) }}", {}),
    "expandtabs": ("{{ '\t'.expandtabs(10**9) }}", {}),
    "to_bytes": ("{{ (1).to_bytes(10**9, 'big') }}", {}),
    "% with a width": ("{{ '%1000000000d' % 1 }}", {}),
    "% with a precision": ("{{ '%.1000000000f' % 1.0 }}", {}),
    "% with a width of a key": ("{{ '%(a)1000000000d' % {'a': 1} }}", {}),
    "% with a width as a value": ("{{ '%*d' % (10**9, 1) }}", {}),
    "% of bytes": ("{{ '%1000000000d'.encode() % 1 }}", {}),
    "% of one value many times": ("{{ ('%(a)s' * 10000) % {'a': v} }}", {"v": WORD}),
    "format with a width": ("{{ '%1000000000d'|format(1) }}", {}),
    "str.format with a width": ("{{ '{:>1000000000}'.format(1) }}", {}),
    "str.format with a width as a value": ("{{ '{:{}}'.format(1, 10**9) }}", {}),
    "str.format_map with a width": ("{{ '{a:>1000000000}'.format_map({'a': 1}) }}", {}),
    "str.format of one value many times": ("{{ ('{0}' * 10000).format(v) }}", {"v": WORD}),
    "join": ("{{ v|join(v) }}", {"v": WORD}),
    "join as a method": ("{{ v.join(v) }}", {"v": WORD}),
    "join of generators": ("{{ range(100000)|map('center', 1000)|join }}", {}),
    "replace": ("{{ v|replace('x', v) }}", {"v": WORD}),
    "replace of nothing": ("{{ v.replace('', v) }}", {"v": WORD}),
    "indent": ("{{ v|indent(10**8) }}", {"v": "a\n" * 1_000}),
    "indent by a text": ("{{ v|indent(w) }}", {"v": "a\n" * 1_000, "w": WORD}),
    "translate": ("{{ v.translate({120: v}) }}", {"v": WORD}),
    "wordwrap": ("{{ v|wordwrap(5) }}", {"v": WORD}),
    "urlize": ("{{ v|urlize }}", {"v": "a" + "(" * 400_000 + ")" * 400_000}),
    "striptags": ("{{ v|striptags }}", {"v": "<!--a-->" * 100_000}),
    "rfind": ("{{ v.rfind(w) }}", {"v": "a" * 1_000_000, "w": "b" + "a" * 500_000}),
    "batch": ("{{ [1]|batch(10**9, 'x')|list }}", {}),
    "slice": ("{{ [1]|slice(10**9)|list }}", {}),
    "round": ("{{ 1.5|round(10**8) }}", {}),
    "tojson with indents": ("{{ v|tojson(indent=10**8) }}", {"v": {"a": [1]}}),
    "range": ("{{ range(10**9)|list }}", {}),
    "sum of lists": ("{{ v|sum(start=[]) }}", {"v": [[1]] * 100_000}),
    "unique numbers with one hash": ("{{ v|unique|list|length }}", {"v": SAME_HASH}),
    "keys with one hash": (
        "{% set d = {} %}{% for n in v %}{% set _ = d.update({n: 1}) %}{% endfor %}",
        {"v": SAME_HASH},
    ),
    "defaults with one hash": (
        "{% set d = {} %}{% for n in v %}{% set _ = d.setdefault(n, 1) %}{% endfor %}",
        {"v": SAME_HASH},
    ),
    "many looks for a text": (MANY + "{{ w in v }}{% endfor %}", {"v": "a" * 10**6, "w": "a" * 500_000 + "b"}),
    "many comparisons": (MANY + "{% if v == w %}{% endif %}{% endfor %}", {"v": DEEP, "w": {"x": [*DEEP["x"]]}}),
    "many slices": (MANY + "{% set x = v[1:] %}{% endfor %}", {"v": WORD}),
    "many filters": (MANY + "{% set x = v|upper|wordcount %}{% endfor %}", {"v": WORDS}),
    "many methods": (MANY + "{% set x = v.split() %}{% endfor %}", {"v": WORDS}),
    "many counts": (MANY + "{% set x = v.count('y') %}{% endfor %}", {"v": WORD}),
    "many tests": (MANY + "{% set x = v is eq w %}{% endfor %}", {"v": DEEP, "w": {"x": [*DEEP["x"]]}}),
    "macros that call themselves twice": (
        "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(100) }}",
        {},
    ),
    "macros that write text": (
        "{% macro m() %}" + "y" * 5_000 + "{% endmacro %}" + MANY + "{% set x = m() %}{% endfor %}",
        {},
    ),
    "a macro as the key of a sort": (
        "{% macro m(x) %}" + "y" * 5_000 + "{% endmacro %}{{ v.sort(key=m) }}",
        {"v": NUMBERS},
    ),
    "a macro without an end": ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", {}),
    "a recursive loop": (
        "{% for x in v recursive %}" + "y" * 5_000 + "{% if x %}{{ loop(v[1:] + [0]) }}{% endif %}{% endfor %}",
        {"v": NUMBERS[1:50]},
    ),
    "many named arguments": ("{{ dict(**v) }}", {"v": {str(number): number for number in NUMBERS}}),
    "many brackets": ("{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}", {}),
    "many blocks": ("{% for i in v %}" * 50 + "{% endfor %}" * 50, {"v": [1]}),
    "a number of many digits": ("{{ " + "9" * 5_000 + " }}", {}),
    "a long template": ("y" * 20_001, {}),
    "lipsum": ("{{ lipsum(n=10**9) }}", {}),
}


def main() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, (source, values) in HOSTILE.items():
        started, kind = time.thread_time(), ""
        try:
            render_template(source, values)
        except TemplateMistake as mistake:
            kind = mistake.kind
        print(json.dumps([name, kind, time.thread_time() - started]), flush=True)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


if __name__ == "__main__":
    main()
