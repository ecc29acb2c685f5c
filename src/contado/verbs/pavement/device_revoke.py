"""contado pavement device-revoke."""

from __future__ import annotations

from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument


class DeviceRevokeRequest(Request, frozen=True, kw_only=True):
    """Which device may send no more."""

    device: Annotated[str, argument("name of the device")]


class DeviceRevokeAnswer(Answer, kw_only=True):
    """When its token was taken back."""

    device: str
    revoked_at: str | None


def _run(request: DeviceRevokeRequest, context: Context) -> DeviceRevokeAnswer:
    from contado.kernel.records import devices
    from contado.kernel.workspace import Workspace
    from contado.verbs.pavement._devices import LOCK, write_table

    with context.records() as records:
        workspace = Workspace.open(records.workspace.path)
        with workspace.commit(lock=[LOCK]) as commit, records.committing(commit) as session:
            revoked = devices.revoke(session, request.device)
            write_table(commit, devices.listed(session))
    return DeviceRevokeAnswer(device=revoked.device_id, revoked_at=revoked.revoked_at)


VERB = Verb(
    name="pavement device-revoke",
    help="Take a device's token back",
    request=DeviceRevokeRequest,
    answer=DeviceRevokeAnswer,
    run=_run,
    workspace=True,
    right="device.revoked",
    examples=("contado pavement device-revoke box-17 -w milano",),
)
