"""The inspector's page: what to look at, one tap to answer, the same with and without a network."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse

from contado.engines.pavement.evidence import answers, photos
from contado.kernel.dates import local
from contado.kernel.errors import DataError
from contado.kernel.identifiers import keyed_hash, ulid
from contado.kernel.workspace import Workspace
from contado.web import i18n, statics
from contado.web.data import inspections as data
from contado.web.i18n import Words
from contado.web.pages.sketch import road_svg
from contado.web.pages.strips import KINDS, SIDES
from contado.web.security import require
from contado.web.security.uploads import BadUpload, checked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import FormData
    from starlette.requests import Request
    from starlette.responses import Response

    from contado.engines.pavement.anomalies.life import Answer
    from contado.engines.pavement.evidence.answers import Outcome
    from contado.web.data.inspections import Spot
    from contado.web.page import Page
    from contado.web.site import Site

__all__ = ["act", "inspections", "worker"]

RIGHT: Final = "anomaly.answered"
PHOTO_BYTES: Final = 5 * 1024 * 1024
"""Largest photograph that is taken in [byte]."""
OWN_POSITION: Final = "camera=(), geolocation=(self), microphone=(), payment=(), usb=()"
"""Permissions of a page that may ask where the reader stands."""
ANSWERS: Final[dict[Answer, Words]] = {
    "present": Words("C’è ancora", "Still there"),
    "absent": Words("Non c’è", "Not there"),
    "repaired": Words("È stata riparata", "It was repaired"),
}
_GIVEN: Final = {
    "confirmed": ANSWERS["present"],
    "denied": ANSWERS["absent"],
    "repaired": Words("Riparata", "Repaired"),
}
_SORTS: Final = ("near", "section", "severity")
_KEY = re.compile(r"[0-9A-Za-z-]{16,40}")
_QUERY = ("sort", "kind", "x", "y")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A spot as the page shows it."""

    spot: Spot
    number: int
    key: str
    title: str
    place: str
    drawing: str
    following: str | None
    away_m: float | None


def inspections(page: Page) -> Response:
    """Render the list and every spot of it in one page, which a phone keeps for where there is no signal."""
    require(page.request, RIGHT)
    return _render(page, page.query(*_QUERY))


def _render(page: Page, query: dict[str, str], **state: Any) -> Response:
    site, scope = page.site, page.principal.scope
    every = site.cached("inspections", lambda: data.spots(site.view, site.territory))
    found = data.within(every, scope)
    here = _here(query)
    chosen = _chosen(page, found, query, here)
    cards = _cards(page, chosen[: data.MOST], here)
    account = str(page.principal.account_id)
    today = local.today(site.settings().territory.timezone)
    answer = page.render(
        "inspections.html",
        simulated=any(s.label == "simulated" for s in found),
        cards=cards,
        total=len(chosen),
        sides=SIDES,
        kinds=[(k, KINDS[k]) for k in KINDS if any(s.kind == k for s in found)],
        kind=query.get("kind", ""),
        sort=query.get("sort", "near"),
        here=here,
        given=data.answers_of(site.view, account, today),
        given_words=_GIVEN,
        answers=ANSWERS,
        form_token=page.form_token(),
        account=keyed_hash(page.keeper.key("web.inspections").hex(), account),
        short=lambda day: _short(page, day),
        texts=json.dumps(_texts(page), ensure_ascii=False),
        **({"said": None, "status": 200} | state),
    )
    answer.headers["permissions-policy"] = OWN_POSITION
    return answer


def _short(page: Page, day: dt.date) -> str:
    """Return a day of this season: "14 set", "14 Sep"."""
    number, month, _ = i18n.long_date(day, page.lang).split()
    return f"{number} {month[:3]}"


def _here(query: dict[str, str]) -> tuple[float, float] | None:
    """Return where the reader says they stand (lon, lat)."""
    try:
        lon, lat = float(query.get("x", "")), float(query.get("y", ""))
    except ValueError:
        return None
    return (lon, lat) if math.isfinite(lon) and abs(lon) <= 180.0 and abs(lat) <= 90.0 else None


def _chosen(
    page: Page, found: Sequence[Spot], query: dict[str, str], here: tuple[float, float] | None
) -> list[Spot]:
    """Return the spots of the kind that was asked for, in the order that was asked for."""
    kind, sort = query.get("kind", ""), query.get("sort", "near")
    page.unknown += [f"sort={sort}"] if sort not in _SORTS else []
    page.unknown += [f"kind={kind}"] if kind and kind not in KINDS else []
    kept = [s for s in found if kind not in KINDS or s.kind == kind]
    if sort == "severity":
        return sorted(kept, key=lambda s: (s.state != "worse", -(s.severity or 0.0), s.id))
    return data.nearest(kept, *here) if here and sort != "section" else kept


def _cards(page: Page, chosen: Sequence[Spot], here: tuple[float, float] | None) -> list[Card]:
    follow = [*(s.id for s in chosen), None][1:]
    return [
        Card(
            spot=spot,
            number=number,
            key=ulid(),
            title=_title(page, spot),
            place=_place(page, spot),
            drawing=road_svg(spot.line, spot.lon, spot.lat, spot.kind),
            following=following,
            away_m=None if here is None else spot.away_m(*here),
        )
        for number, (spot, following) in enumerate(zip(chosen, follow, strict=True), start=1)
    ]


def _title(page: Page, spot: Spot) -> str:
    words = KINDS.get(spot.kind, KINDS["unknown"]).of(page.lang).capitalize()
    return words + page.say(", peggiorata", ", worse") if spot.state == "worse" else words


def _place(page: Page, spot: Spot) -> str:
    where = spot.municipality or page.say("comune non noto", "municipality not known")
    if spot.km is not None:
        return f"{where}, km {i18n.number(spot.km, page.lang, 2)}"
    metres = i18n.number(spot.chainage_m, page.lang)
    return f"{where}, {spot.section_id} {page.say('a', 'at')} {metres} m"


def _texts(page: Page) -> dict[str, Any]:
    """Return what the module of the page says."""
    say = page.say
    return {
        "offline": say("Senza rete.", "No network."),
        "queued": [
            say("1 risposta in coda.", "1 answer queued."),
            say("# risposte in coda.", "# answers queued."),
        ],
        "signin": say("Accedi di nuovo per inviarle.", "Sign in again to send them."),
        "since": say("in coda dalle #", "queued since #"),
        "photo": say(", con foto", ", with a photo"),
        "sent": say("inviata alle #", "sent at #"),
        "refused": say("rifiutata: #", "refused: #"),
        "review": say("Rivedi", "Review"),
        "drop": say("Togli", "Remove"),
        "undo": say("Annulla", "Undo"),
        "said": say("Hai risposto: #.", "You answered: #."),
        "undone": say("Risposta annullata.", "Answer undone."),
        "you": say("tu, ± # m", "you, ± # m"),
        "away": say("a # da te", "# from you"),
        "of": say("di", "of"),
        "near": say("Vicino a te, # da verificare", "Near you, # to check"),
        "here": say("# da verificare", "# to check"),
        "photoword": say("Foto", "Photo"),
        "added": say("Foto aggiunta", "Photo added"),
        "badphoto": say("la foto non si può inviare", "the photo cannot be sent"),
        "noposition": say("La posizione non è disponibile.", "The position is not available."),
        "answers": {name: words.of(page.lang) for name, words in ANSWERS.items()},
    }


# ---------------------------------------------------------------- an answer arrives
def act(page: Page, form: FormData) -> Response:
    """Take in one answer; say what became of it, to the page's module as JSON."""
    who = require(page.request, RIGHT)
    found = _found(form)
    if found is None:
        outcome = answers.Outcome(accepted=False, reason="unknown")
    else:
        outcome = answers.answer(Workspace.open(page.site.view.path), who.scope, found)
    reason = None if outcome.accepted else _reason(page, outcome)
    if "application/json" in page.request.headers.get("accept", ""):
        return JSONResponse({"state": "accepted" if outcome.accepted else "refused", "reason": reason})
    word = ANSWERS[found.answer].of(page.lang) if found else ""
    page.site.refresh()
    return _render(page, {}, said=(word, reason), status=200 if outcome.accepted else 409)


def _found(form: FormData) -> answers.Found | None:
    """Read an answer; None where it is none."""
    said, key = next((a for a in ANSWERS if a == form.get("answer")), None), str(form.get("key") or "")
    if said is None or not _KEY.fullmatch(key):
        return None
    return answers.Found(
        anomaly_id=str(form.get("anomaly") or ""),
        answer=said,
        key=key,
        at=_instant(str(form.get("at") or "")),
        photo=photo_of(form),
        away_m=_whole(form.get("away_m")),
        accuracy_m=_whole(form.get("accuracy_m")),
    )


def photo_of(form: FormData) -> bytes | None:
    """Return the photograph that came with a form, None where the field was left empty.

    Raises
    ------
    BadUpload
        It is no picture.
    """
    file = form.get("photo")
    upload = checked(file, max_bytes=PHOTO_BYTES) if isinstance(file, UploadFile) else None
    if upload is None:
        return None
    try:
        return photos.bare(upload.data)
    except DataError:
        raise BadUpload from None


def _instant(text: str) -> dt.datetime:
    """Return when the answer was given; now where the form does not say."""
    try:
        return local.utc(text) if text else dt.datetime.now(dt.UTC)
    except DataError:
        return dt.datetime.now(dt.UTC)


def _whole(text: Any) -> int | None:
    try:
        value = round(float(str(text)))
    except (ValueError, OverflowError):
        return None
    return value if 0 <= value < 1_000_000 else None


def _reason(page: Page, outcome: Outcome) -> str:
    say = page.say
    if outcome.reason == "closed":
        by = say(" da un collega", " by a colleague") if outcome.by_person else ""
        return say("già chiusa", "already closed") + _when(page, outcome.closed_on) + by
    words = {
        "unknown": say("non è più nell’elenco", "it is not in the list any more"),
        "other_content": say(
            "con la stessa chiave era arrivata un’altra risposta", "another answer came under its key"
        ),
        "in_the_future": say("l’orologio del telefono è avanti", "the clock of the phone runs ahead"),
    }
    return words[outcome.reason or "unknown"]


def _when(page: Page, day: dt.date | None) -> str:
    if day is None:
        return ""
    ago = (local.today(page.site.settings().territory.timezone) - day).days
    if ago in {0, 1}:
        return " " + (page.say("oggi", "today"), page.say("ieri", "yesterday"))[ago]
    return page.say(" il ", " on ") + i18n.date_text(day, page.lang)


def worker(request: Request, site: Site) -> Response:  # noqa: ARG001 - every file endpoint takes both
    """Return the page's service worker, which the browser asks for anew each time."""
    return statics.answer(
        "js/inspections-worker.js",
        hashed=None,
        accept=request.headers.get("accept-encoding", ""),
        if_none_match=request.headers.get("if-none-match"),
    )
