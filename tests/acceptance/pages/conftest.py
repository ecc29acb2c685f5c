"""The invented city behind the checks of the pages."""

from __future__ import annotations

from invented.fixtures import (  # noqa: F401 - fixtures
    address,
    axe,
    bare_address,
    bare_served,
    bare_workspace,
    browser,
    client,
    pages,
    served,
    tab,
    wire,
    workspace,
)
