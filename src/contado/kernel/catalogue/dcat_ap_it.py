"""The catalogue as RDF in the national profile DCAT-AP_IT, with the tags of high-value datasets.

Classes and properties follow DCAT-AP_IT (AgID, version 1.0; to be confirmed against the text of the
profile), DCAT-AP HVD 3.0 (``dcatap:applicableLegislation``, ``dcatap:hvdCategory``) and mobilityDCAT-AP
1.0.1 (``mobilitydcatap:mobilityTheme``). rdflib is imported on use.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from contado.kernel.catalogue import vocabulary
from contado.kernel.catalogue.datasets import FORMATS
from contado.kernel.errors import DataError, TableNotFound

if TYPE_CHECKING:
    from pathlib import Path

    from rdflib import Graph, URIRef

    from contado.kernel.catalogue.datasets import Body, Catalogue, Dataset, Distribution

__all__ = ["HVD_LEGISLATION", "NAMESPACES", "Listed", "graph", "parse", "read", "serialise"]

NAMESPACES: Final = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcatap": "http://data.europa.eu/r5r/",
    "dcatapit": "http://dati.gov.it/onto/dcatapit#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "locn": "http://www.w3.org/ns/locn#",
    "mobilitydcatap": "https://w3id.org/mobilitydcat-ap/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
}
HVD_LEGISLATION: Final = "http://data.europa.eu/eli/reg_impl/2023/138/oj"
_LANGUAGES: Final = "http://publications.europa.eu/resource/authority/language"
_SYNTAXES: Final = {".rdf": "xml", ".xml": "xml", ".ttl": "turtle", ".jsonld": "json-ld", ".json": "json-ld"}


class Listed(NamedTuple):
    """One dataset of a catalogue that was read."""

    id: str
    title: str
    licence: str | None
    themes: tuple[str, ...]
    modified: str | None
    distributions: int


class _Writer:
    """Adds statements to a graph, with names in place of addresses."""

    def __init__(self) -> None:
        from rdflib import RDF, Graph

        self.graph: Graph = Graph()
        self.type = RDF.type
        for prefix, address in NAMESPACES.items():
            self.graph.bind(prefix, address)

    def term(self, name: str) -> URIRef:
        """Return the address of ``prefix:name``."""
        from rdflib import URIRef

        prefix, local = name.split(":", 1)
        return URIRef(NAMESPACES[prefix] + local)

    def kinds(self, subject: str, *classes: str) -> None:
        """State what ``subject`` is."""
        for each in classes:
            self.graph.add((self.node(subject), self.type, self.term(each)))

    def node(self, address: str) -> URIRef:
        """Return an address as a node."""
        from rdflib import URIRef

        return URIRef(address)

    def link(self, subject: str, name: str, address: str | None) -> None:
        """State that ``subject`` has the property ``name`` pointing at an address; unknown states nothing."""
        if address is not None:
            self.graph.add((self.node(subject), self.term(name), self.node(address)))

    def text(self, subject: str, name: str, value: str | None, lang: str | None = None) -> None:
        """State a text, in a language where it has one; unknown states nothing."""
        from rdflib import Literal as Text

        if value is not None:
            self.graph.add((self.node(subject), self.term(name), Text(value, lang=lang)))

    def typed(self, subject: str, name: str, value: str | None, datatype: str) -> None:
        """State a typed value (``date``, ``gsp:wktLiteral`` given as an address)."""
        from rdflib import Literal as Text
        from rdflib.namespace import XSD

        if value is not None:
            kind = XSD.date if datatype == "date" else self.node(datatype)
            self.graph.add((self.node(subject), self.term(name), Text(value, datatype=kind)))


def graph(catalogue: Catalogue) -> Graph:
    """Return the statements of a catalogue."""
    out = _Writer()
    holder = _body(out, catalogue.iri, catalogue.body)
    _catalogue(out, catalogue, holder)
    for dataset in catalogue.datasets:
        _dataset(out, dataset, catalogue.body, holder)
        out.link(catalogue.iri, "dcat:dataset", dataset.iri)
    return out.graph


def serialise(catalogue: Catalogue, form: Literal["ttl", "jsonld"]) -> bytes:
    """Return the catalogue as Turtle or JSON-LD; the same catalogue gives the same bytes."""
    made = graph(catalogue)
    if form == "ttl":
        return str(made.serialize(format="turtle")).encode()
    return _ordered_json(made.serialize(format="json-ld", context=dict(NAMESPACES), auto_compact=True))


def _ordered_json(text: str) -> bytes:
    """Return JSON-LD with its nodes and lists in order, whatever order the library chose."""
    import json

    def ordered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: ordered(value[key]) for key in sorted(value)}
        if isinstance(value, list):
            return sorted((ordered(v) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
        return value

    return json.dumps(ordered(json.loads(text)), indent=1, ensure_ascii=False).encode()


def _catalogue(out: _Writer, catalogue: Catalogue, holder: str | None) -> None:
    iri = catalogue.iri
    out.kinds(iri, "dcatapit:Catalog", "dcat:Catalog")
    for lang, title, words in (
        ("it", f"Dati aperti: {catalogue.title}", "Livelli aperti con licenza, data e origine."),
        ("en", f"Open data: {catalogue.title}", "Open layers with licence, date and origin."),
    ):
        out.text(iri, "dct:title", title, lang)
        out.text(iri, "dct:description", words, lang)
    out.link(iri, "dct:publisher", holder)
    out.link(iri, "foaf:homepage", iri.rsplit("/", 1)[0])
    out.typed(iri, "dct:modified", catalogue.modified, "date")
    _languages(out, iri)


def _languages(out: _Writer, iri: str) -> None:
    for code in ("ITA", "ENG"):
        out.link(iri, "dct:language", f"{_LANGUAGES}/{code}")


def _body(out: _Writer, base: str, body: Body) -> str | None:
    """State the body that holds the rights, and whom to ask; an unnamed one is not stated."""
    if not body.name:
        return None
    iri = f"{base}#ente"
    out.kinds(iri, "dcatapit:Agent", "foaf:Agent")
    out.text(iri, "foaf:name", body.name, "it")
    out.text(iri, "dct:identifier", body.ipa_code)
    contact = f"{base}#contatto"
    out.kinds(contact, "dcatapit:Organization", "vcard:Organization", "vcard:Kind")
    out.text(contact, "vcard:fn", body.name, "it")
    out.link(contact, "vcard:hasEmail", f"mailto:{body.email}" if body.email else None)
    return iri


def _dataset(out: _Writer, dataset: Dataset, body: Body, holder: str | None) -> None:
    iri = dataset.iri
    out.kinds(iri, "dcatapit:Dataset", "dcat:Dataset")
    out.text(iri, "dct:identifier", f"{body.ipa_code}:{dataset.id}" if body.ipa_code else dataset.id)
    out.text(iri, "dct:title", dataset.title_it, "it")
    out.text(iri, "dct:title", dataset.title_en, "en")
    out.text(iri, "dct:description", dataset.description_it, "it")
    out.text(iri, "dct:description", dataset.description_en, "en")
    out.typed(iri, "dct:modified", dataset.modified, "date")
    out.link(iri, "dcat:theme", _iri("theme", dataset.theme))
    out.link(iri, "dct:accrualPeriodicity", _iri("frequency", dataset.frequency))
    out.link(iri, "dct:rightsHolder", holder)
    out.link(iri, "dct:publisher", holder)
    out.link(iri, "dcat:contactPoint", holder.replace("#ente", "#contatto") if holder else None)
    out.link(iri, "dcat:landingPage", iri)
    _languages(out, iri)
    _duties(out, dataset)
    _place(out, dataset)
    for each in dataset.distributions:
        _distribution(out, dataset, each)


def _duties(out: _Writer, dataset: Dataset) -> None:
    """State under which high-value category and mobility theme the dataset falls, where it does."""
    if category := _iri("hvd", dataset.hvd):
        out.link(dataset.iri, "dcatap:applicableLegislation", HVD_LEGISLATION)
        out.link(dataset.iri, "dcatap:hvdCategory", category)
        for each in dataset.distributions:
            out.link(each.access_url, "dcatap:applicableLegislation", HVD_LEGISLATION)
    out.link(dataset.iri, "mobilitydcatap:mobilityTheme", _iri("mobility", dataset.mobility))


def _place(out: _Writer, dataset: Dataset) -> None:
    if dataset.bbox is None:
        return
    west, south, east, north = dataset.bbox
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = ", ".join(f"{x:.6f} {y:.6f}" for x, y in corners)
    iri = f"{dataset.iri}#luogo"
    out.kinds(iri, "dct:Location")
    out.link(dataset.iri, "dct:spatial", iri)
    wkt = "http://www.opengis.net/ont/geosparql#wktLiteral"
    out.typed(iri, "dcat:bbox", f"POLYGON(({ring}))", wkt)


def _distribution(out: _Writer, dataset: Dataset, each: Distribution) -> None:
    iri = each.access_url
    kind = vocabulary.entry("file_type", each.format)
    out.link(dataset.iri, "dcat:distribution", iri)
    out.kinds(iri, "dcatapit:Distribution", "dcat:Distribution")
    out.text(iri, "dct:title", f"{dataset.title_it}: {kind.name_it if kind else each.format}", "it")
    out.text(iri, "dct:title", f"{dataset.title_en}: {kind.name_en if kind else each.format}", "en")
    out.link(iri, "dcat:accessURL", iri)
    out.link(iri, "dcat:downloadURL", iri)
    out.link(iri, "dct:format", kind.iri if kind else None)
    out.link(iri, "dcat:mediaType", f"https://www.iana.org/assignments/media-types/{FORMATS[each.format]}")
    _licence(out, iri, each.licence)


def _licence(out: _Writer, iri: str, name: str | None) -> None:
    """State the licence; one outside the vocabulary keeps its name under an address of its own."""
    if name is None:
        return
    known = vocabulary.entry("licence", name)
    licence = known.iri if known else f"{iri}#licenza"
    out.link(iri, "dct:license", licence)
    out.kinds(licence, "dcatapit:LicenseDocument", "dct:LicenseDocument")
    out.text(licence, "foaf:name", known.name_it if known else name, "it")
    if known:
        out.text(licence, "foaf:name", known.name_en, "en")


def _iri(kind: str, code: str | None) -> str | None:
    found = vocabulary.entry(kind, code)
    return found.iri if found else None


def read(path: Path) -> list[Listed]:
    """Return the datasets of a DCAT catalogue in RDF/XML, Turtle or JSON-LD, in order of identifier.

    Raises
    ------
    TableNotFound
        There is no such file.
    DataError
        The file is no RDF (rule ``catalogue_unreadable``).
    """
    found = parse(path)
    return sorted(_listed(found, node) for node in found.subjects(_named("rdf:type"), _named("dcat:Dataset")))


def parse(path: Path) -> Graph:
    """Return the statements of an RDF file; raises as `read` does."""
    from rdflib import Graph

    if not path.is_file():
        raise TableNotFound(f"There is no file {path}.", hint="check the path", field=str(path))
    syntax = _SYNTAXES.get(path.suffix.lower(), "turtle")
    try:
        with warnings.catch_warnings():
            # rdflib's own JSON-LD reader still uses a class that it calls deprecated
            warnings.simplefilter("ignore", DeprecationWarning)
            return Graph().parse(path, format=syntax)
    except Exception as error:
        raise DataError(
            f"{path.name} cannot be read as {syntax}: {type(error).__name__}.",
            rule="catalogue_unreadable",
            hint="RDF/XML (.rdf), Turtle (.ttl) and JSON-LD (.jsonld) are read",
            field=str(path),
        ) from error


def _named(name: str) -> URIRef:
    from rdflib import RDF, URIRef

    prefix, local = name.split(":", 1)
    return RDF.type if name == "rdf:type" else URIRef(NAMESPACES[prefix] + local)


def _listed(found: Graph, node: Any) -> Listed:
    def first(name: str, of: Any = node) -> str | None:
        texts = sorted(str(v) for v in found.objects(of, _named(name)) if str(v))
        return texts[0] if texts else None

    files = list(found.objects(node, _named("dcat:distribution")))
    licences = [first("dct:license", of=file) for file in files]
    return Listed(
        id=first("dct:identifier") or str(node),
        title=first("dct:title") or "",
        licence=next((name for name in licences if name), first("dct:license")),
        themes=tuple(sorted(str(v).rsplit("/", 1)[-1] for v in found.objects(node, _named("dcat:theme")))),
        modified=first("dct:modified"),
        distributions=len(files),
    )
