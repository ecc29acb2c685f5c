"""What people say about a project, in a TOML file: needs, demand, alternatives, risks, DNSH, sources.

Everything but the name is optional: what is not said is told as not known, never filled in.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path  # noqa: TC003 - idem
from typing import Literal

import msgspec

from contado.kernel.errors import DataError, TableNotFound
from contado.kernel.labels import Label

__all__ = ["OBJECTIVES", "Alternative", "Demand", "Dnsh", "Project", "Risk", "Source", "read"]

OBJECTIVES = ("mitigation", "adaptation", "water", "circular_economy", "pollution", "biodiversity")
"""The six environmental objectives of Reg. (EU) 2020/852, art. 9, letters a to f."""


class _Said(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what a project file says; an unknown key is refused."""


class Demand(_Said, frozen=True, kw_only=True):
    """A figure of need or demand."""

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    year: int | None = None
    label: Label | None = None
    source: str = ""


class Alternative(_Said, frozen=True, kw_only=True):
    """An alternative that was weighed; ``flows`` is its table of flows, beside the project file."""

    name: str
    description: str = ""
    flows: str = ""
    chosen: bool = False
    reason: str = ""


class Risk(_Said, frozen=True, kw_only=True):
    """A risk and what is done about it, as the offices rate it."""

    name: str
    probability: str = ""
    severity: str = ""
    measure: str = ""
    owner: str = ""


class Dnsh(_Said, frozen=True, kw_only=True):
    """Whether the project harms one environmental objective significantly, why, and on what evidence."""

    answer: Literal["no_significant_harm", "significant_harm", "not_known"] = "not_known"
    reason: str = ""
    evidence: str = ""
    sheet: str = ""


class Source(_Said, frozen=True, kw_only=True):
    """Where data of the project come from."""

    title: str
    publisher: str = ""
    date: dt.date | None = None
    licence: str = ""
    url: str = ""


class Project(_Said, frozen=True, kw_only=True):
    """A project; ``label`` is how the numbers of the flows were born."""

    name: str
    body: str = ""
    cup: str = ""
    municipality: str = ""
    description: str = ""
    label: Label | None = None
    needs: str = ""
    objectives: list[str] = []
    demand: list[Demand] = []
    alternatives: list[Alternative] = []
    costs: str = ""
    benefits: str = ""
    not_valued: list[str] = []
    """Effects that have no money value in the flows."""
    risks: list[Risk] = []
    dnsh: dict[
        Literal["mitigation", "adaptation", "water", "circular_economy", "pollution", "biodiversity"], Dnsh
    ] = {}
    sources: list[Source] = []


def read(path: Path) -> Project:
    """Read a project file.

    Raises
    ------
    TableNotFound
        There is no such file.
    DataError
        ``bad_project``: no TOML, an unknown key, a value of the wrong kind, no name.
    """
    if not path.is_file():
        raise TableNotFound(f"There is no file {path.name!r}.", hint="give a TOML file with `name = ...`")
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Project)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        keys = ", ".join(f.name for f in msgspec.structs.fields(Project))
        raise DataError(
            f"{path.name}: {error}.", rule="bad_project", hint=f"keys: {keys}", field="project"
        ) from None
