"""contado grants link: a sign-in link that works once."""

from __future__ import annotations

from typing import Annotated

from contado.kernel.declare import Answer, Context, Request, Verb, argument, option


class LinkRequest(Request, frozen=True, kw_only=True):
    """Whose link, for how long."""

    account: Annotated[str, argument("name of the account")]
    minutes: Annotated[float, option("how long it is valid [min]", gt=0)] = 15


class LinkAnswer(Answer, kw_only=True):
    """The path on this server, shown once; only the hash of its secret is kept."""

    account: str
    path: str
    expires_at: str


def _run(request: LinkRequest, context: Context) -> LinkAnswer:
    from contado.kernel.records import accounts, credentials

    with context.records() as records, records.writing() as session:
        account = accounts.find(session, request.account)
        issued = credentials.issue(session, "link", account.id, minutes=request.minutes)
    path = credentials.LINK_PATH + issued.secret
    return LinkAnswer(account=request.account, path=path, expires_at=issued.expires_at)


VERB = Verb(
    name="grants link",
    help="Make a sign-in link of an account that works once",
    request=LinkRequest,
    answer=LinkAnswer,
    run=_run,
    workspace=True,
    right="link.issued",
    examples=("contado grants link anna -w city",),
)
