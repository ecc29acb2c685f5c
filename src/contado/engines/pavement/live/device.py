"""What sends live messages."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Device"]


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What sends: its name, the pseudonym of its car, how its data are born."""

    device_id: str
    vehicle_id: str
    label: Literal["estimated", "simulated"] = "estimated"
