"""The numbers that the Lua scripts decide by, in one place: a script has their names, and gets their values when it is
read (jobs/ledger/scripts.py). Times are in milliseconds where the name ends in MS, in seconds where it ends in S."""

from __future__ import annotations

from collections.abc import Mapping

POLICY: Mapping[str, int] = {
    # Rate limits
    "TURN_EXPIRES_MS": 5_000,  # a turn that is longer past would let a crowd through at once
    "BUCKET_KEPT_MS": 60_000,  # behind the moment when it is full again
    "CROWD_KEPT_S": 86_400,
    "LARGEST_CROWD": 2_000,  # of more, those that go on waiting are not moved up
    # Breakers
    "FAILURES_TO_OPEN": 5,  # in a row
    "SHORTEST_PAUSE_MS": 3_000,
    "PAUSE_SHARE": 10,  # a pause is this part of the outage so far
    "LONGEST_PAUSE_MS": 300_000,
    "MANY_WAITING": 5,  # from then on a probe is worth more:
    "PAUSE_SHARE_OF_MANY": 60,
    "LONGEST_PAUSE_OF_MANY_MS": 30_000,
    "QUOTA_PAUSE_MS": 900_000,
    "BREAKER_KEPT_S": 604_800,
    "LAST_STATE_KEPT_S": 604_800,
    "PROBE_MS": 60_000,  # how long one delivery may probe before another one may
    "PROBE_LOOK_AGAIN_MS": 1_000,
    "UNUSED_BREAKER_MS": 3_600_000,  # one for which nobody waits is dropped
    "WOKEN_BY_SUCCESS": 1_000,
    "HEALED_BY_SUCCESS": 200,
    # The clock, and deliveries whose worker was lost
    "WORKER_LISTED_MS": 60_000,
    "NEWER_VERSION_LOOK_AGAIN_MS": 60_000,
    "LOST_BEFORE_PAUSE": 2,
    "LOST_BEFORE_DEAD": 10,
    "LOST_PAUSE_MS": 5_000,  # four times as long after each further time
    "LONGEST_LOST_PAUSE_MS": 3_600_000,
    "NEXT_IN_LINE_MS": 1_000,  # after the lease of the one before it
    "FOLLOWING_HAND_OVER_MS": 10_000,
    # Counts for people
    "HOUR_MS": 3_600_000,
    "HOURS_KEPT_S": 691_200,  # 8 days
    "REPLAY_KEPT_S": 691_200,
    # Forgetting
    "FORGOTTEN_AT_ONCE": 100,
}
