"""The invented city behind the pages, and its accounts and jobs."""

from __future__ import annotations

from invented.fixtures import (  # noqa: F401 - fixtures
    address,
    axe,
    bare_address,
    bare_client,
    bare_served,
    bare_workspace,
    browser,
    client,
    served,
    wire,
    workspace,
)
from invented.planning import (  # noqa: F401 - fixtures
    planning_address,
    planning_city,
    planning_jobs,
    sign_in,
)
