"""contado pavement device-add."""

from __future__ import annotations

from typing import Annotated, Literal

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option


class DeviceAddRequest(Request, frozen=True, kw_only=True):
    """A device and the car it rides in."""

    device: Annotated[
        str, argument("name of the device, no person's", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    ]
    vehicle: Annotated[
        str, option("name of the car, as in the names of its files; only a keyed hash is kept")
    ]
    fs_hz: Annotated[float, option("sampling rate it is set to", unit="hz", gt=0, le=1000)] | None = None
    label: Annotated[Literal["estimated", "simulated"], option("simulated: what it sends is invented")] = (
        "estimated"
    )


class DeviceAddAnswer(Answer, kw_only=True):
    """The token, shown once: sent as ``Authorization: Bearer`` to ``address``; only its hash is kept."""

    device: str
    vehicle_id: str
    token: str
    address: str


def _run(request: DeviceAddRequest, context: Context) -> DeviceAddAnswer:
    from contado.kernel.identifiers import keyed_hash
    from contado.kernel.records import devices
    from contado.kernel.workspace import Workspace
    from contado.verbs.pavement._devices import LOCK, write_table

    with context.records() as records:
        workspace = Workspace.open(records.workspace.path)
        subject = keyed_hash(workspace.settings.workspace.key, request.vehicle)
        with workspace.commit(lock=[LOCK]) as commit, records.committing(commit) as session:
            token = devices.add(session, request.device, subject=subject, label=request.label)
            write_table(commit, devices.listed(session), {request.device: request.fs_hz})
    return DeviceAddAnswer(
        device=request.device, vehicle_id=subject, token=token, address=f"/ingest/pavement/{request.device}"
    )


VERB = Verb(
    name="pavement device-add",
    help="Give a device a token with which it sends drives while they go on",
    request=DeviceAddRequest,
    answer=DeviceAddAnswer,
    run=_run,
    workspace=True,
    right="device.added",
    examples=("contado pavement device-add box-17 --vehicle car1 -w milano",),
)
