"""The scripts of a next version, for worlds in which both run side by side, as during a deploy.

It stores events and deliveries as version 2, with a field that the present version does not know, and takes over
deliveries of version 1 as its own when it runs them.
"""

from __future__ import annotations

from collections.abc import Mapping

CHANGES = (
    ("accept", "'v', 1,", "'v', 2, 'of version 2', 'x',"),
    ("lease", "if d[1] ~= '1' then", "if d[1] ~= '1' and d[1] ~= '2' then"),
    ("lease", "redis.call('HSET', key, 'state', 'running',", "redis.call('HSET', key, 'v', 2, 'state', 'running',"),
    ("again", "if d[1] ~= '1' then", "if d[1] ~= '1' and d[1] ~= '2' then"),
    ("drop", "if d[1] ~= '1' then", "if d[1] ~= '1' and d[1] ~= '2' then"),
    ("tick", "state == 'running' and d[1] == '1' and", "state == 'running' and"),
    ("tick", "elseif d[1] ~= '1' then", "elseif d[1] ~= '1' and d[1] ~= '2' then"),
    ("recovery", "d[1] ~= '1'", "d[1] ~= '1' and d[1] ~= '2'"),
    ("gather", "v == '1'", "v == '1' or v == '2'"),
)
"""In which script, which text, and what stands there in the next version."""


def next_version(texts: Mapping[str, str]) -> dict[str, str]:
    """Raises LookupError when a script has changed so that a difference can't be made."""
    made = dict(texts)
    for script, before, after in CHANGES:
        if before not in made[script]:
            raise LookupError(f"{script}.lua has no {before!r}: look at tools/explore/versions.py")
        made[script] = made[script].replace(before, after)
    return made
