"""What the workspace publishes: its public layers with licence, theme, rhythm, holder and files.

What nobody stated is None, never guessed, and `Catalogue.missing` names it. Descriptions come, in this
order, from the workspace's table ``layer_description``, from the practice that registered the layer, from
``data/layer_description.csv``; without any, a sentence is made of what the registry knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from contado.kernel.catalogue import vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from contado.kernel.workspace import LayerInfo, WorkspaceView

__all__ = [
    "FORMATS",
    "Body",
    "Catalogue",
    "Dataset",
    "Description",
    "Distribution",
    "Missing",
    "of_workspace",
]

FORMATS: Final = {
    "csv": "text/csv",
    "geojson": "application/geo+json",
    "gpkg": "application/geopackage+sqlite3",
    "parquet": "application/vnd.apache.parquet",
}
"""Files that every layer is offered as: ending -> media type."""

_KINDS_IT: Final = {"measured": "misurati", "estimated": "stimati", "simulated": "simulati"}


class Description(NamedTuple):
    """What an office or a practice says about a layer; an empty text says nothing."""

    description_it: str = ""
    description_en: str = ""
    theme: str = ""
    frequency: str = ""
    hvd: str = ""
    mobility: str = ""


class Body(NamedTuple):
    """The body that publishes: name, code in the index of public administrations, address."""

    name: str | None
    ipa_code: str | None
    email: str | None


class Missing(NamedTuple):
    """A mandatory property that is not known."""

    dataset: str
    property: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One file of a dataset."""

    format: str
    """Ending: csv, geojson, gpkg, parquet."""
    access_url: str
    licence: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A public layer as a catalogue describes it."""

    id: str
    iri: str
    title_it: str
    title_en: str
    description_it: str
    description_en: str
    modified: str | None
    """Day, YYYY-MM-DD."""
    theme: str | None
    frequency: str | None
    hvd: str | None
    mobility: str | None
    label: str | None
    bbox: tuple[float, float, float, float] | None
    distributions: tuple[Distribution, ...]

    def missing(self) -> list[str]:
        """Return the mandatory properties that are not known."""
        lacking = [
            name
            for name, value, kind in (
                ("dct:modified", self.modified, None),
                ("dcat:theme", self.theme, "theme"),
                ("dct:accrualPeriodicity", self.frequency, "frequency"),
            )
            if value is None or (kind and vocabulary.entry(kind, value) is None)
        ]
        return lacking + (["dct:license"] if any(d.licence is None for d in self.distributions) else [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The catalogue of a workspace."""

    iri: str
    title: str
    body: Body
    modified: str | None
    datasets: tuple[Dataset, ...]

    def missing(self) -> list[Missing]:
        """Return every mandatory property that is not known; those of the catalogue itself under its address."""
        lacking = [Missing(self.iri, "dct:publisher")] if not self.body.name else []
        lacking += [Missing(self.iri, "dct:publisher/dct:identifier")] if not self.body.ipa_code else []
        return lacking + [Missing(d.id, name) for d in self.datasets for name in d.missing()]


def of_workspace(
    view: WorkspaceView, registered: Mapping[str, Description] | None = None, address: str = ""
) -> Catalogue:
    """Return the catalogue of a workspace's public layers, in order of id.

    Parameters
    ----------
    view
        The workspace; its settings ``body.*`` and ``web.address``, ``web.licence`` are used.
    registered
        What the practices say about their layers, by layer.
    address
        Where the site answers; the setting ``web.address`` comes before it.
    """
    said = _descriptions(view, registered or {})
    web = view.settings.web
    address = (web.address or address or f"http://{web.host}:{web.port}").rstrip("/")
    public = sorted((i for i in view.layers() if i.access == "public"), key=lambda i: i.id)
    datasets = tuple(
        _dataset(info, said.get(info.id, Description()), address, web.licence or None) for info in public
    )
    days = [d.modified for d in datasets if d.modified]
    body = view.settings.body
    return Catalogue(
        iri=f"{address}/catalogo",
        title=view.settings.workspace.name,
        body=Body(body.name or None, body.ipa_code or None, body.email or None),
        modified=max(days, default=None),
        datasets=datasets,
    )


def _descriptions(view: WorkspaceView, registered: Mapping[str, Description]) -> dict[str, Description]:
    """Return what is said about each layer; a later voice fills or replaces an earlier one, field by field."""
    shipped = {
        row["layer"]: Description(*(row[f] for f in Description._fields))
        for row in vocabulary.rows("layer_description")
    }
    own = {
        row["layer"]: Description(*(row[f] or "" for f in Description._fields))
        for row in view.read("layer_description").to_pylist()
    }
    said: dict[str, Description] = {}
    for voice in (shipped, registered, own):
        for layer, words in voice.items():
            before = said.get(layer, Description())
            said[layer] = Description(*(new or old for new, old in zip(words, before, strict=True)))
    return said


def _dataset(info: LayerInfo, said: Description, address: str, own_licence: str | None) -> Dataset:
    title_it, title_en = info.title_it or info.id, info.title_en or info.id
    licence = info.licence or own_licence
    files = tuple(
        Distribution(format=ending, access_url=f"{address}/dati/{info.id}.{ending}", licence=licence)
        for ending in FORMATS
    )
    kind_it = f", numeri {_KINDS_IT[info.label]}" if info.label else ""
    kind_en = f", {info.label} figures" if info.label else ""
    return Dataset(
        id=info.id,
        iri=f"{address}/dati/{info.id}",
        title_it=title_it,
        title_en=title_en,
        description_it=said.description_it or f"{title_it}: {info.n} elementi{kind_it}.",
        description_en=said.description_en or f"{title_en}: {info.n} features{kind_en}.",
        modified=info.updated_at[:10] if info.updated_at else None,
        theme=said.theme or None,
        frequency=said.frequency or None,
        hvd=said.hvd or None,
        mobility=said.mobility or None,
        label=info.label,
        bbox=_box(info),
        distributions=files,
    )


def _box(info: LayerInfo) -> tuple[float, float, float, float] | None:
    """Return the box in longitude and latitude; that of a layer in another CRS is left out."""
    if info.bbox is None or info.crs != "EPSG:4326":
        return None
    west, south, east, north = info.bbox
    return west, south, east, north
