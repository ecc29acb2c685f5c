"""Settings: one ``contado.toml`` a workspace, one typed place, grouped by theme.

An unknown key is refused with "did you mean"; a value of the wrong type or out of range names the key.
`describe` lists every setting for the docs page; a test compares the two.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta

from contado.kernel.errors import Damaged, SettingError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "OIDC",
    "SCHEMA_VERSION",
    "Api",
    "Body",
    "Dates",
    "Jobs",
    "Limits",
    "Pavement",
    "Planning",
    "Session",
    "Setting",
    "Settings",
    "TerritorySettings",
    "Tiles",
    "Web",
    "WorkspaceSettings",
    "describe",
    "dump",
    "load",
    "parse",
]

SCHEMA_VERSION = 1
"""Layout version of a workspace folder; a higher one is refused by an older program."""


class _Theme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a theme: a table of contado.toml."""


class WorkspaceSettings(_Theme, frozen=True, kw_only=True):
    """[workspace]: the folder itself."""

    name: Annotated[str, Meta(description="name shown in titles")] = "contado"
    lock_wait_s: Annotated[float, Meta(ge=0, description="how long a second writer waits for a lock")] = 5.0
    key: Annotated[str, Meta(description="random key of the keyed hashes of vehicles and persons")] = ""


class TerritorySettings(_Theme, frozen=True, kw_only=True):
    """[territory]: what the workspace covers."""

    name: Annotated[str, Meta(description="name of the territory")] = ""
    epsg: Annotated[int, Meta(ge=1, description="EPSG code in which lengths and areas are measured")] = 32632
    timezone: Annotated[str, Meta(description="time zone of the legal day")] = "Europe/Rome"


class Body(_Theme, frozen=True, kw_only=True):
    """[body]: the public body that answers for the workspace."""

    name: Annotated[str, Meta(description="name of the body, in the slim bar of every page")] = ""
    fiscal_code: Annotated[str, Meta(description="fiscal code of the body (11 digits)")] = ""
    office: Annotated[str, Meta(description="office to ask, shown on practice pages")] = ""
    contact: Annotated[str, Meta(description="address, telephone and hours of the office")] = ""
    accessibility_contact: Annotated[str, Meta(description="address for accessibility feedback")] = ""
    accessibility_statement: Annotated[
        str, Meta(description="address of the accessibility statement that the body has published")
    ] = ""
    ipa_code: Annotated[str, Meta(description="code of the body in the index of public administrations")] = ""
    email: Annotated[str, Meta(description="address for questions on the open data")] = ""


class Dates(_Theme, frozen=True, kw_only=True):
    """[dates]: the calendar that terms are counted on."""

    patron_day: Annotated[
        str, Meta(description="patron day of the office's seat, month and day; empty = none")
    ] = "12-07"
    saturday_closed: Annotated[bool, Meta(description="whether a term that ends on a Saturday moves on")] = (
        False
    )


class Web(_Theme, frozen=True, kw_only=True):
    """[web]: the pages."""

    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="port to listen on; 0 = a free one")] = 8000
    rows_a_page: Annotated[int, Meta(ge=10, le=500, description="rows of a table on one page")] = 50
    default_lang: Annotated[Literal["it", "en"], Meta(description="language of the root address")] = "it"
    address: Annotated[str, Meta(description="public address of the site; empty = host and port")] = ""
    licence: Annotated[str, Meta(description="licence of the body's own data, where a layer names none")] = (
        "CC BY 4.0"
    )


class Jobs(_Theme, frozen=True, kw_only=True):
    """[jobs]: computations that run in the background of `contado serve`."""

    workers: Annotated[int, Meta(ge=0, description="jobs that one server runs at once; 0 = none")] = 1
    grace_s: Annotated[
        float, Meta(ge=0, description="time a stopped job has to hand over its best; then it is killed")
    ] = 20.0
    silent_s: Annotated[
        float, Meta(ge=2, description="a job whose worker is silent for longer counts as lost")
    ] = 30.0
    longest_s: Annotated[float, Meta(gt=0, description="longest duration of a job")] = 3600.0
    waiting: Annotated[int, Meta(ge=1, description="jobs of one account that may wait")] = 10
    patience_s: Annotated[
        float, Meta(ge=0, description="how long a client that waits for its answer is kept waiting")
    ] = 20.0


class OIDC(_Theme, frozen=True, kw_only=True):
    """[oidc]: the issuer that people sign in with (OpenID Connect); its secret comes from the environment."""

    issuer: Annotated[str, Meta(description="address of the OpenID Connect issuer; empty = none")] = ""
    client_id: Annotated[str, Meta(description="name under which the issuer knows this site")] = ""
    scope: Annotated[str, Meta(description="scopes asked of the issuer")] = "openid profile"
    provider_name: Annotated[str, Meta(description="what the sign-in button calls the issuer")] = "SPID o CIE"
    name_claim: Annotated[str, Meta(description="claim with the person's name; empty = not kept")] = "name"
    fiscal_code_claim: Annotated[
        str, Meta(description="claim with the fiscal code, kept as keyed hash; empty = not kept")
    ] = "fiscalNumber"
    account_claim: Annotated[
        str, Meta(description="claim that names an account made before its first sign-in; empty = none")
    ] = ""


class Session(_Theme, frozen=True, kw_only=True):
    """[session]: how long a sign-in lasts."""

    longest_h: Annotated[float, Meta(gt=0, description="longest duration of a session")] = 8.0
    idle_h: Annotated[float, Meta(gt=0, description="a session that is not used ends after this time")] = 1.0


class Limits(_Theme, frozen=True, kw_only=True):
    """[limits]: how often one client or device may ask within a minute."""

    sign_in: Annotated[int, Meta(ge=1, description="sign-ins begun or tried a minute")] = 10
    forms: Annotated[int, Meta(ge=1, description="forms sent a minute by visitors")] = 10
    api: Annotated[int, Meta(ge=1, description="requests a minute under /api/")] = 3000
    device: Annotated[int, Meta(ge=1, description="messages of one device a minute")] = 300


class Tiles(_Theme, frozen=True, kw_only=True):
    """[tiles]: vector tiles."""

    max_features: Annotated[
        int, Meta(ge=4096, description="features and cells that a tile may hold; more are merged")
    ] = 20_000
    max_bytes: Annotated[
        int, Meta(ge=200_000, description="bytes of a compressed tile; above it features are merged")
    ] = 500_000


class Api(_Theme, frozen=True, kw_only=True):
    """[api]: what the OGC APIs give at once."""

    max_items: Annotated[int, Meta(ge=10, le=1_000_000, description="features in one answer at most")] = (
        10_000
    )
    kept_tiles: Annotated[int, Meta(ge=0, description="live vector tiles kept in memory")] = 4_000


class Pavement(_Theme, frozen=True, kw_only=True):
    """[pavement]: road sensing."""

    sigma_m: Annotated[
        float, Meta(gt=0, description="standard deviation of a position, for map matching")
    ] = 5.0
    cell_m: Annotated[float, Meta(gt=0, description="length of a condition cell")] = 20.0
    not_driven_d: Annotated[
        float, Meta(gt=0, description="days after which a section counts as not driven")
    ] = 30.0
    retention_d: Annotated[
        float, Meta(gt=0, description="days after which positions and raw signals are deleted")
    ] = 180.0
    live_access: Annotated[
        Literal["org", "public"], Meta(description="who sees drives while they go on: offices or everybody")
    ] = "org"
    live_silent_s: Annotated[float, Meta(ge=1, description="a drive that is silent for longer has ended")] = (
        900.0
    )
    live_max_bytes: Annotated[int, Meta(ge=1000, description="largest message of a device")] = 4_000_000
    citizen_reports: Annotated[
        bool, Meta(description="whether anybody may report a defect of the road on the web")
    ] = False


class Planning(_Theme, frozen=True, kw_only=True):
    """[planning]: the programme."""

    discount_rate_share: Annotated[float, Meta(gt=-1, description="social discount rate a year")] = 0.03
    gap_share: Annotated[float, Meta(ge=0, description="relative gap at which the optimiser may stop")] = 1e-4
    time_limit_s: Annotated[float, Meta(gt=0, description="time the optimiser may take")] = 60.0


class Settings(_Theme, frozen=True, kw_only=True):
    """All settings of a workspace; ``schema`` is the version of the folder's layout."""

    schema: Annotated[int, Meta(ge=1, description="layout version of the folder")] = SCHEMA_VERSION
    workspace: WorkspaceSettings = WorkspaceSettings()
    territory: TerritorySettings = TerritorySettings()
    body: Body = Body()
    dates: Dates = Dates()
    web: Web = Web()
    jobs: Jobs = Jobs()
    oidc: OIDC = OIDC()
    session: Session = Session()
    limits: Limits = Limits()
    tiles: Tiles = Tiles()
    api: Api = Api()
    pavement: Pavement = Pavement()
    planning: Planning = Planning()

    @property
    def whose(self) -> str:
        """Name of the body whose workspace it is, else of its territory, else of the workspace."""
        return self.body.name or self.territory.name or self.workspace.name


class Setting(NamedTuple):
    """One row of the settings page."""

    name: str
    type: str
    default: object
    unit: str | None
    help: str


def describe() -> list[Setting]:
    """Return every setting with type, default, unit and help."""
    from contado.kernel.declare import Field, fields
    from contado.kernel.units import unit_of

    def rows(struct: type[msgspec.Struct], prefix: str) -> list[Setting]:
        out: list[Setting] = []
        for f in fields(struct):
            if isinstance(f.type, type) and issubclass(f.type, msgspec.Struct):
                out += rows(f.type, f"{prefix}{f.name}.")
            else:
                out.append(Setting(prefix + f.name, _type_name(f), f.default, unit_of(f.name), f.help))
        return out

    def _type_name(f: Field) -> str:
        return " | ".join(f.choices) if f.choices else f.type.__name__

    return rows(Settings, "")


def parse(text: str, *, name: str = "contado.toml") -> Settings:
    """Read settings from TOML text.

    Raises
    ------
    Damaged
        The text is no TOML.
    SettingError
        A key is unknown (with "did you mean") or a value is of the wrong type or out of range.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Damaged(
            f"{name} cannot be read: {error}.", hint="restore it from a backup", field=name
        ) from None
    _refuse_unknown(data, Settings, "", name)
    try:
        return msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        key = place.strip("`$.")
        raise SettingError(
            f"{name}: {key}: {message}.", rule="bad_setting", hint="see the settings page", field=key
        ) from None


def _refuse_unknown(data: dict[str, Any], struct: type[msgspec.Struct], prefix: str, name: str) -> None:
    known = {f.name: f.type for f in msgspec.structs.fields(struct)}
    for key, value in data.items():
        if key not in known:
            hint = did_you_mean(key, known)
            raise SettingError(f"{name}: unknown setting {prefix + key!r}.", hint=hint, field=prefix + key)
        kind = known[key]
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            _refuse_unknown(value, kind, f"{prefix}{key}.", name)


def load(path: Path) -> Settings:
    """Read the settings file ``path`` (errors of `parse`)."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Damaged(
            f"{path.name} is not UTF-8 text.", hint="restore it from a backup", field=path.name
        ) from None
    return parse(text, name=path.name)


def dump(settings: Settings) -> str:
    """Return TOML text of ``settings``: every value that differs from its default, schema and names always."""
    lines = [f"schema = {settings.schema}"]
    for theme in msgspec.structs.fields(Settings):
        value = getattr(settings, theme.name)
        if not isinstance(value, msgspec.Struct):
            continue
        default = type(value)()
        rows = [
            f"{f.name} = {_toml(getattr(value, f.name))}"
            for f in msgspec.structs.fields(type(value))
            if getattr(value, f.name) != getattr(default, f.name)
        ]
        if rows:
            lines += ["", f"[{theme.name}]", *rows]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    return repr(value)
