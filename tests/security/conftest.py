"""How many examples the properties of this folder try: few in each run of the suite, many in `bin/fuzz`."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

common = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
settings.register_profile("suite", common, max_examples=40)
settings.register_profile("fuzz", common, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))
