"""contado grants add: give an account a role over units."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option


class AddRequest(Request, frozen=True, kw_only=True):
    """Who gets which role, where and when."""

    account: Annotated[str, argument("name of the account; an unknown one is created")]
    role: Annotated[
        str,
        argument(
            "visitor, citizen, applicant, producer, place_manager, municipality_officer, body_reviewer, "
            "case_officer, manager or admin"
        ),
    ]
    scope: Annotated[list[str], option("codes or names of units, or * for the whole territory")]
    valid_from: Annotated[date | None, option("first day; default open", flags=("--from",))] = None
    valid_to: Annotated[date | None, option("last day, included; default open", flags=("--to",))] = None


class AddAnswer(Answer, kw_only=True):
    """The grant."""

    account: str
    role: str
    units: list[str]
    valid_from: str | None
    valid_to: str | None


def _run(request: AddRequest, context: Context) -> AddAnswer:
    import msgspec

    from contado.kernel.records import accounts, roles
    from contado.verbs.grants._units import resolver

    with context.records() as records:
        roles.checked_role(request.role)
        units = resolver(records.workspace)(request.scope)
        with records.writing() as session:
            account = accounts.ensure_account(session, request.account)
            row = accounts.add_grant(
                session,
                account,
                request.role,
                units,
                valid_from=request.valid_from,
                valid_to=request.valid_to,
            )
    return AddAnswer(**msgspec.structs.asdict(row))


VERB = Verb(
    name="grants add",
    help="Give an account a role over municipalities",
    request=AddRequest,
    answer=AddAnswer,
    run=_run,
    workspace=True,
    right="grant.added",
    examples=("contado grants add anna municipality_officer --scope 015146 --from 2026-01-01 -w city",),
)
