"""How long to look for trouble: some seconds, or as long as SPACY_RNN_FUZZ=2000 (examples of each test) takes."""

import os
from typing import Any

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("SPACY_RNN_FUZZ", "0"))
IS_LONG = EXAMPLES > 0


def budget(examples: int) -> Any:
    """So many examples, the same ones each time; or more, other ones each time."""
    checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=EXAMPLES if IS_LONG else examples, derandomize=not IS_LONG, suppress_health_check=checks
    )
