"""A citizen tells of a defect of the road: an observation among others, without name and without sign-in."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from contado.engines.pavement.evidence import observations
from contado.engines.pavement.evidence.placing import Places
from contado.engines.pavement.evidence.told import desk
from contado.kernel.errors import DataError
from contado.kernel.records import Scope
from contado.kernel.workspace import Workspace
from contado.web.coordinates import lat_lon
from contado.web.i18n import Words
from contado.web.page import NotFound
from contado.web.pages.inspections import OWN_POSITION, photo_of
from contado.web.pages.practices import card_of
from contado.web.pages.strips import KINDS

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.responses import Response

    from contado.engines.pavement.evidence.told import Told
    from contado.web.page import Page

__all__ = ["report", "send"]

_SYSTEM: Final = Scope.system("web.road_report")
CHOICES: Final = ("pothole", "depression", "manhole", "raised", "alligator_crack")
"""What a citizen can tell apart."""


def report(page: Page) -> Response:
    """Render the form; where the body has not opened this channel there is no such page."""
    _opened(page)
    query = page.query("x", "y")
    given = {"where": f"{query['y']}, {query['x']}"} if len(query) == 2 else {}
    return _render(page, given=given)


def _opened(page: Page) -> str:
    """Return the practice's plain name."""
    card = card_of(page)
    if card.entry.practice != "manto_stradale" or not page.site.settings().pavement.citizen_reports:
        raise NotFound(card.entry.practice)
    return card.entry.plain.of(page.lang)


def _render(page: Page, **state: Any) -> Response:
    plain = _opened(page)
    known = {"given": {}, "faults": {}, "number": None, "status": 200} | state
    answer = page.render(
        "roadreport.html",
        crumbs=[
            (page.say("Buone pratiche", "Good practices"), page.url("practices")),
            (plain, page.url("practice", practice="manto_stradale")),
            (page.say("Segnala una buca", "Report a pothole"), None),
        ],
        choices=[(kind, KINDS[kind]) for kind in CHOICES],
        **known,
    )
    answer.headers["permissions-policy"] = OWN_POSITION
    return answer


def send(page: Page, form: FormData) -> Response:
    """Take in what was told; the same form sent twice is one report."""
    _opened(page)
    given = {name: str(form.get(name) or "").strip() for name in ("kind", "where")}
    faults = (
        {} if given["kind"] in CHOICES else {"kind": Words("Scegli che cosa c’è.", "Choose what is there.")}
    )
    workspace = Workspace.open(page.site.view.path)
    told = _told(workspace, given, faults)
    if told is None or faults:
        return _render(page, given=given, faults=faults, status=422)
    digest = hashlib.sha256(str(form.get("form_token")).encode()).hexdigest()[:16]
    name = f"citizen:{digest}"
    photo = photo_of(form)
    with desk(workspace, _SYSTEM) as open_desk:
        if not open_desk.rows("anomaly_obs", drive_id=name):
            open_desk.take([replace(told, id=name, photo=open_desk.keep(photo, told.section_id))])
    return _render(page, number=digest)


def _told(workspace: Workspace, given: dict[str, str], faults: dict[str, Words]) -> Told | None:
    """Return the observation; add to ``faults`` what is wrong with its place."""
    found = lat_lon(given["where"])
    if found is None:
        faults["where"] = Words(
            "Scrivi latitudine e longitudine, come 45.4642, 9.1900.",
            "Write latitude and longitude, such as 45.4642, 9.1900.",
        )
        return None
    lat, lon = found
    places = Places(workspace.read("pavement_lrs_section"), workspace.read("pavement_anomaly").to_pylist())
    kind = given["kind"] if given["kind"] in CHOICES else CHOICES[0]
    try:
        return observations.one(
            places,
            lon=lon,
            lat=lat,
            kind=kind,
            source="citizen",
            at=dt.datetime.now(dt.UTC).replace(microsecond=0),
        )
    except DataError:
        faults["where"] = Words(
            "Qui non c’è una strada seguita da questo ente. Controlla la posizione.",
            "There is no road here that this body looks after. Check the position.",
        )
    return None
