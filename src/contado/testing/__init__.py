"""What a practice, or a test of one, needs: the conformance suite and the toy territory.

::

    from contado.testing import check_practice
    check_practice(MyPractice()).raise_for_failures()
"""

from __future__ import annotations

from contado.testing.suite import CHECKS, CheckResult, Report, check_practice, load_target
from contado.testing.toy import toy_territory

__all__ = ["CHECKS", "CheckResult", "Report", "check_practice", "load_target", "toy_territory"]
