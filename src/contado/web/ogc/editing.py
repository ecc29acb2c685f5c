"""Changes of features (Features 4): who may, which version was read, then one locked rewrite with its audit row.

A change takes the layer's lock, checks the reader's scope over the feature's municipality before and after,
records the version with its audit row and the layer's commit in one transaction. The records are durable
before the file is renamed, and a process that dies between the two is finished by the next one: there is no
change without its row, and no row without its change.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from contado.kernel import records
from contado.kernel.identifiers import ulid
from contado.kernel.records import features as versions
from contado.kernel.workspace import Workspace
from contado.web.ogc import units, writing
from contado.web.ogc.access import sign_in_needed
from contado.web.ogc.common import address, conforms_to, tag_of
from contado.web.ogc.items import missing, tag_of_row
from contado.web.ogc.prepared import Prepared
from contado.web.ogc.problems import Problem
from contado.web.ogc.query import given
from contado.web.ogc.rows import Draft, changed, original, read_body, restored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

    from contado.kernel.records import Scope
    from contado.kernel.workspace.commit import Commit
    from contado.web.ogc.service import Service

    Change = Callable[[Request, Service, bytes], Response]

__all__ = ["COLLECTION", "ITEM", "UNDO", "answer"]

_F4: Final = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf"
conforms_to(
    "editing",
    [f"{_F4}/{name}" for name in ("create-replace-delete", "update", "optimistic-locking-etags", "features")],
)

Verb = Literal["created", "replaced", "updated", "deleted"]


def answer(
    request: Request, service: Service, changes: dict[str, Change], reads: str, body: bytes
) -> Response:
    """Answer a request that is no reading: what may be done here, or the change.

    Raises
    ------
    Problem
        405 where the layer is not editable, 401 where nobody is signed in.
    ScopeError
        No role of the account may.
    """
    info = service.info(request)
    allowed = f"{reads}OPTIONS" + (f", {', '.join(changes)}" if info.editable and changes else "")
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"allow": allowed})
    if not info.editable or request.method not in changes:
        detail = f"{request.method} is not possible here."
        hint = f"possible: {allowed}"
        raise Problem(405, detail, rule="not_editable", hint=hint, headers={"allow": allowed})
    given(request, ())
    if service.scope(request).account_id is None:
        raise sign_in_needed()
    return changes[request.method](request, service, body)


class _Edit:
    """One change under the layer's lock: the features as they are, and what becomes of them."""

    def __init__(
        self, service: Service, scope: Scope, workspace: Workspace, commit: Commit, name: str
    ) -> None:
        self.service = service
        self.scope = scope
        self.workspace = workspace
        self.commit = commit
        self.info = workspace.layer_info(name)
        self.features = service.prepared(self.info)
        assert self.features.info.sha256 == self.info.sha256, "nobody else changes it under its lock"

    def row(self, request: Request, fid: str) -> int:
        """Return the row of the feature that the client has read.

        Raises
        ------
        Problem
            There is none (404), or it is another version by now (412).
        """
        row = self.features.row(fid)
        if row is None:
            raise missing(self.features, fid)
        self.require_within(self.unit(row))
        named = {part.strip() for part in request.headers["if-match"].split(",")}
        if "*" not in named and not any(_base(tag) == tag_of_row(self.features, row) for tag in named):
            raise Problem(
                412,
                f"{self.info.id}/{fid} was changed meanwhile.",
                rule="stale_version",
                hint="read it again, then repeat the change with its ETag",
            )
        return row

    def unit(self, row: int) -> str:
        """Return the municipality of a feature as it is, ``*`` where it lies in none."""
        attributes = self.features.whole.slice(row, 1).drop_columns(["geometry"]).to_pylist()[0]
        return units.unit_of(self.workspace, attributes, self.features.lonlat[row])

    def require_within(self, unit: str) -> None:
        """Refuse a feature of a municipality outside the scope (403)."""
        if not self.scope.covers(unit):
            raise Problem(
                403,
                "The feature lies outside the scope of this account.",
                rule="outside_scope",
                hint="an account changes features of its own municipalities, before and after the change",
            )

    def write(self, verb: Verb, fid: str, row: int | None, draft: Draft | None) -> str:
        """Record and write one change; return the new ETag (empty where the feature is gone).

        Parameters
        ----------
        row
            Where the feature stands; None where it is new.
        draft
            What it becomes; None where it goes.
        """
        self.scope.require(f"feature.{verb}")
        before = None if row is None else self.unit(row)
        after = before if draft is None else units.unit_of(self.workspace, draft.attributes, draft.lonlat)
        assert after is not None
        for unit in {before or after, after}:
            self.require_within(unit)
        table, shapes = changed(self.features, row, draft)
        with (
            records.open_store(self.workspace) as store,
            records.commits.writing(self.commit, store, self.scope) as session,
        ):
            if row is not None and before is not None:
                body = original(self.features, row)
                versions.keep_original(session, self.info.id, fid, body, unit_id=before)
            last = versions.current(session, self.info.id, fid)
            versions.append(
                session,
                verb,
                self.info.id,
                fid,
                None if draft is None else draft.body(),
                unit_id=after,
                expected=last.version if last else 0,
            )
            info = self.commit.layer(self.info.id, table, shapes=shapes, **self.info.facts())
        now = Prepared(info, table, shapes)
        self.service.keep(now)
        place = now.row(fid)
        return "" if place is None else tag_of(info.id, writing.feature(now, place))

    def new_id(self, wanted: Any) -> str:
        """Return the id of a new feature: the one that was given, else the next number or a ULID.

        Raises
        ------
        Problem
            A feature has it already (409).
        """
        if wanted is not None:
            if self.features.row(str(wanted)) is not None:
                detail = f"{self.info.id}/{wanted} exists already."
                raise Problem(409, detail, rule="exists", hint="replace it with PUT, or leave the id out")
            return str(wanted)
        if self.features.ids.dtype.kind not in "iu":
            return ulid()
        number = int(self.features.ids.max(initial=0)) + 1
        with records.open_store(self.workspace) as store, store.reading(self.scope) as session:
            while versions.current(session, self.info.id, str(number)) is not None:
                number += 1  # of a feature that was deleted: its versions stay its own
        return str(number)


def _base(tag: str) -> str:
    """Return the ETag of a feature's content from that of one of its representations."""
    return f'{tag[:25]}"' if tag.startswith('"') else tag


@contextmanager
def _edit(request: Request, service: Service) -> Iterator[_Edit]:
    """Open the workspace for one change, under the layer's lock."""
    scope, name = service.scope(request), request.path_params["collection"]
    workspace = Workspace.open(service.view.path)
    with workspace.commit(lock=[f"layers/{name}"]) as commit:
        yield _Edit(service, scope, workspace, commit, name)


def _require_version(request: Request) -> None:
    if "if-match" not in request.headers:
        raise Problem(
            428,
            "A change names the version that was read.",
            rule="if_match_missing",
            hint="send the feature's ETag as If-Match",
        )


def _create(request: Request, service: Service, body: bytes) -> Response:
    given_feature = read_body(request, body, {"application/geo+json", "application/json"})
    with _edit(request, service) as edit:
        edit.scope.require("feature.created")
        edit.features = units.numbered(edit.info, edit.features)
        key = edit.features.key
        properties = given_feature.get("properties") or {}
        wanted = properties.get(key) if isinstance(properties, dict) else None
        wanted = given_feature.get("id") if wanted is None else wanted
        draft = Draft.whole(edit.features, given_feature, request, fid=None)
        fid = edit.new_id(draft.checked_id(wanted))
        draft.name(fid)
        tag = edit.write("created", fid, None, draft)
    path = f"/api/collections/{edit.info.id}/items/{quote(fid, safe='')}"
    return Response(status_code=201, headers={"location": address(request, service.site, path), "etag": tag})


def _replace(request: Request, service: Service, body: bytes) -> Response:
    _require_version(request)
    given_feature = read_body(request, body, {"application/geo+json", "application/json"})
    fid = request.path_params["fid"]
    with _edit(request, service) as edit:
        row = edit.row(request, fid)
        edit.features = units.numbered(edit.info, edit.features)
        draft = Draft.whole(edit.features, given_feature, request, fid=fid, row=row)
        tag = edit.write("replaced", fid, row, draft)
    return Response(status_code=204, headers={"etag": tag})


def _update(request: Request, service: Service, body: bytes) -> Response:
    _require_version(request)
    types = {"application/merge-patch+json", "application/geo+json", "application/json"}
    patch = read_body(request, body, types)
    fid = request.path_params["fid"]
    with _edit(request, service) as edit:
        row = edit.row(request, fid)
        edit.features = units.numbered(edit.info, edit.features)
        draft = Draft.patched(edit.features, row, patch, request, fid=fid)
        tag = edit.write("updated", fid, row, draft)
    return Response(status_code=204, headers={"etag": tag})


def _delete(request: Request, service: Service, body: bytes) -> Response:  # noqa: ARG001 - DELETE has none
    _require_version(request)
    fid = request.path_params["fid"]
    with _edit(request, service) as edit:
        row = edit.row(request, fid)
        edit.features = units.numbered(edit.info, edit.features)
        edit.write("deleted", fid, row, None)
    return Response(status_code=204)


def _undo(request: Request, service: Service, body: bytes) -> Response:  # noqa: ARG001 - the version says it
    """Bring back the version before the last one; what was created goes, what was deleted returns."""
    fid = request.path_params["fid"]
    with _edit(request, service) as edit:
        row = edit.features.row(fid)
        if row is not None:
            _require_version(request)
            edit.row(request, fid)
        with records.open_store(edit.workspace) as store, store.reading(edit.scope) as session:
            last = versions.current(session, edit.info.id, fid)
            before = versions.previous(session, edit.info.id, fid)
        if last is None or last.version == 0:
            detail = f"{edit.info.id}/{fid[:80]} has no change that could be undone."
            raise Problem(404, detail, rule="nothing_to_undo", hint="only recorded changes can be undone")
        text = before.body_json if before else None
        draft = None if text is None else restored(edit.features, msgspec.json.decode(text), row)
        if draft is None and row is None:
            raise missing(edit.features, fid)
        verb: Verb = "deleted" if draft is None else "created" if row is None else "replaced"
        tag = edit.write(verb, fid, row, draft)
    return Response(status_code=204, headers={"etag": tag} if tag else {})


COLLECTION: Final[dict[str, Change]] = {"POST": _create}
ITEM: Final[dict[str, Change]] = {"PUT": _replace, "PATCH": _update, "DELETE": _delete}
UNDO: Final[dict[str, Change]] = {"POST": _undo}
"""Method -> change, for a collection's items, one item, and the undoing of its last change."""
