"""contado pavement device-list."""

from __future__ import annotations

import msgspec

from contado.kernel.declare import Answer, Context, Request, Verb


class DeviceListRequest(Request, frozen=True, kw_only=True):
    """All of them."""


class ListedDevice(msgspec.Struct, kw_only=True):
    """A device; ``vehicle_id`` is the pseudonym of its car."""

    device: str
    vehicle_id: str
    label: str
    added_at: str
    revoked_at: str | None


class DeviceListAnswer(Answer, kw_only=True):
    """Devices by name, revoked ones too."""

    devices: list[ListedDevice]


def _run(request: DeviceListRequest, context: Context) -> DeviceListAnswer:  # noqa: ARG001 - asks nothing
    from contado.kernel.records import devices

    with context.records() as records, records.reading() as session:
        known = devices.listed(session)
    return DeviceListAnswer(
        devices=[
            ListedDevice(
                device=d.device_id,
                vehicle_id=d.subject,
                label=d.label,
                added_at=d.added_at,
                revoked_at=d.revoked_at,
            )
            for d in known
        ]
    )


VERB = Verb(
    name="pavement device-list",
    help="List the devices that may send drives",
    request=DeviceListRequest,
    answer=DeviceListAnswer,
    run=_run,
    workspace=True,
    right="device.read",
    examples=("contado pavement device-list -w milano",),
)
