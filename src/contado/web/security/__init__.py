"""Who asks, what they may do, and what is refused: sign-in, sessions, forms, rates, uploads.

Other rooms of the web use

- `principal` (request): who asks, with the `contado.kernel.records.Scope` of their grants;
- `require` (request, verb): the same, once it is sure that they may do ``verb``;
- `Refusal` and its kin: raise one, and the reader gets its page, a client of the API its problem;
- ``page.site.seen_by(scope).view``: the workspace as that scope may see it.
"""

from __future__ import annotations

from contado.web.security.principal import Principal, principal, require
from contado.web.security.refusals import NotAllowed, Refusal, SignInNeeded

__all__ = ["NotAllowed", "Principal", "Refusal", "SignInNeeded", "principal", "require"]
