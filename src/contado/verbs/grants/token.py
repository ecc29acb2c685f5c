"""contado grants token: a bearer token of an account."""

from __future__ import annotations

from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option


class TokenRequest(Request, frozen=True, kw_only=True):
    """Whose token, for how long."""

    account: Annotated[str, argument("name of the account")]
    minutes: Annotated[float, option("how long it is valid [min]", gt=0)] = 60


class TokenAnswer(Answer, kw_only=True):
    """The token, shown once: sent as ``Authorization: Bearer``; only its hash is kept."""

    account: str
    token: str
    expires_at: str


def _run(request: TokenRequest, context: Context) -> TokenAnswer:
    from contado.kernel.records import accounts, credentials

    with context.records() as records, records.writing() as session:
        account = accounts.find(session, request.account)
        issued = credentials.issue(session, "token", account.id, minutes=request.minutes)
    return TokenAnswer(account=request.account, token=issued.secret, expires_at=issued.expires_at)


VERB = Verb(
    name="grants token",
    help="Make a bearer token of an account",
    request=TokenRequest,
    answer=TokenAnswer,
    run=_run,
    workspace=True,
    right="token.issued",
    examples=("contado grants token anna --minutes 30 -w city",),
)
