"""contado plan: the programme of the workspace under its budgets, verified and recorded."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from contado.kernel.declare import Answer as BaseAnswer
from contado.kernel.declare import Context, Label, Request, Verb, option
from contado.verbs._worksites import SharedWorksite, with_worksites

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from contado.kernel.portfolio.record import RunRecord, RunSettings
    from contado.kernel.portfolio.result import Result
    from contado.kernel.workspace import Workspace


class PlanRequest(Request, frozen=True, kw_only=True):
    """What the optimiser may do."""

    gap: Annotated[float, option("relative gap at which the search may stop", ge=0)] | None = None
    time_limit_s: (
        Annotated[float, option("time the search may take", unit="s", gt=0, flags=("--time-limit",))] | None
    ) = None
    discount_rate: Annotated[float, option("social discount rate a year", gt=-1)] | None = None
    floors: Annotated[bool, option("keep the floors of municipalities")] = True
    seed: Annotated[int, option("seed of the solver", ge=0)] = 0
    without_worksite: Annotated[
        list[str], option("pairs A,B of interventions that shall not share a worksite")
    ] = msgspec.field(default_factory=list)


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """What one source pays."""

    source: str
    amount_eur: float


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """One intervention of the programme."""

    intervention_id: str
    start_year: int
    value_eur: float
    payments: list[Payment]


class JointWorksite(msgspec.Struct, frozen=True, kw_only=True):
    """Two interventions on one worksite."""

    a: str
    b: str
    year: int
    saving_eur: float


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """Value of one more euro in a budget."""

    source: str
    year: int
    price: float


class Seconds(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time went."""

    read: float
    solve: float
    write: float


class PlanAnswer(BaseAnswer, kw_only=True):
    """The programme and how far it may be from the best."""

    kind: Literal["programme"] = "programme"
    status: str
    value: float
    bound: float
    gap: float
    proof: str
    verified: bool
    violations: list[str]
    method: str
    solver: str
    seconds: Seconds
    rows_set_aside: int
    candidates: int
    programme: list[Chosen]
    joint_worksites: list[JointWorksite]
    worksites: list[SharedWorksite]
    prices: list[Price]
    run: str
    label: Label | None

    def exit_code(self) -> int:
        """3 when the gap asked for was not reached; the plan is printed all the same."""
        return 3 if self.status == "feasible" else 0


def _run(request: PlanRequest, context: Context) -> PlanAnswer:
    from contado.kernel.portfolio import Problem, record
    from contado.kernel.workspace import Workspace

    assert context.workspace is not None
    started = time.perf_counter()
    workspace = Workspace.open(context.workspace)
    inputs = {name: workspace.read(name) for name in record.INPUTS}
    inputs, shared, notes = with_worksites(inputs, workspace.read("road_link"), request.without_worksite)
    settings = _settings(request, workspace)
    problem = Problem.from_tables(
        inputs, floors=settings.floors, discount_rate_share=settings.discount_rate_share
    )
    read_s = time.perf_counter() - started
    result = problem.solve(
        gap_share=settings.gap_share,
        time_limit_s=settings.time_limit_s,
        seed=settings.seed,
        progress=context.progress,
        cancel=context.cancel,
    )
    written = time.perf_counter()
    made = _write(workspace, inputs, result, settings)
    seconds = Seconds(read=read_s, solve=result.seconds, write=time.perf_counter() - written)
    answer = _answer(result, made, seconds, _label(inputs["intervention"]))
    answer.worksites, answer.findings = shared, [*answer.findings, *notes]
    return answer


def _settings(request: PlanRequest, workspace: Workspace) -> RunSettings:
    from contado.kernel.portfolio.record import RunSettings

    planning = workspace.settings.planning
    rate = request.discount_rate
    return RunSettings(
        gap_share=planning.gap_share if request.gap is None else request.gap,
        time_limit_s=request.time_limit_s or planning.time_limit_s,
        discount_rate_share=planning.discount_rate_share if rate is None else rate,
        seed=request.seed,
        floors=request.floors,
    )


def _write(
    workspace: Workspace, inputs: Mapping[str, pa.Table], result: Result, settings: RunSettings
) -> RunRecord:
    """Commit programme, price and run tables, the layer of the programme and the run's folder, all or nothing."""
    from contado.kernel import tables
    from contado.kernel.portfolio import record

    programme = record.programme_table(result)
    made = recorded(inputs, result, settings, programme)
    with workspace.commit() as commit:
        commit.table("programme", programme)
        commit.table("price", record.price_table(result))
        commit.table("run", record.run_table(made))
        folder = f"runs/{made.run_id}"
        commit.file(f"{folder}/run.json", msgspec.json.format(msgspec.json.encode(made), indent=1))
        commit.file(f"{folder}/programme.parquet", tables.parquet_bytes(programme))
        for name, table in inputs.items():
            commit.file(f"{folder}/inputs/{name}.parquet", tables.parquet_bytes(table))
        if (layer := _layer(inputs["intervention"], result)).num_rows:
            commit.layer(
                "programme",
                layer,
                crs="EPSG:4326",
                title_it="Interventi in programma",
                title_en="Interventions of the programme",
                label=_label(layer),
            )
    return made


def _layer(interventions: pa.Table, result: Result) -> pa.Table:
    """Return the chosen interventions that have a geometry, with their start year, as a layer."""
    import pyarrow as pa
    import pyarrow.compute as pc

    starts = {result.problem.ids[i]: year for i, year in result.choice.starts.items()}
    mask = pc.and_(
        pc.is_in(interventions["id"], pa.array(list(starts), pa.string())),
        pc.is_valid(interventions["geometry"]),
    )
    kept = interventions.filter(mask)
    kept = kept.select(
        ["id", "practice", "type", "name", "municipality", "cost_eur", "benefit_eur", "label", "geometry"]
    )
    return kept.append_column("start_year", pa.array([starts[k] for k in kept["id"].to_pylist()], pa.int64()))


def recorded(
    inputs: Mapping[str, pa.Table], result: Result, settings: RunSettings, programme: pa.Table
) -> RunRecord:
    """Return the record of a run, without any time of day: equal inputs give equal bytes."""
    from contado.kernel import tables
    from contado.kernel.portfolio import record
    from contado.kernel.provenance import sha256_of_bytes

    hashes = record.input_hashes(inputs)
    return record.RunRecord(
        run_id=record.run_id_of(hashes, settings),
        verb="plan",
        inputs=hashes,
        settings=settings,
        versions=record.versions(),
        method="milp",
        solver=result.solver,
        stop="time" if result.status == "feasible" else "gap",
        status=result.status,
        value_eur=result.value_eur,
        bound_eur=result.bound_eur,
        gap_share=result.gap_share,
        proof=result.proof,
        verified=result.verdict.ok,
        programme_sha256=sha256_of_bytes(tables.parquet_bytes(programme)),
    )


def _label(interventions: pa.Table) -> Label | None:
    """Return the weakest label among the candidates, None when none states one."""
    present = set(interventions["label"].to_pylist()) if "label" in interventions.column_names else set()
    order: tuple[Label, ...] = ("simulated", "estimated", "measured")
    return next((label for label in order if label in present), None)


def _answer(result: Result, made: RunRecord, seconds: Seconds, label: Label | None) -> PlanAnswer:
    ids = result.problem.ids
    return PlanAnswer(
        status=result.status,
        value=result.value_eur,
        bound=result.bound_eur,
        gap=result.gap_share,
        proof=result.proof,
        verified=result.verdict.ok,
        violations=[v.message for v in result.verdict.violations],
        method=made.method,
        solver=result.solver,
        seconds=seconds,
        rows_set_aside=sum(f.action == "row_set_aside" for f in result.problem.findings),
        candidates=len(ids),
        programme=[_chosen(result, i) for i in sorted(result.choice.starts)],
        joint_worksites=[
            JointWorksite(a=a, b=b, year=year, saving_eur=cents / 100)
            for a, b, year, cents in result.joint_worksites()
        ],
        worksites=[],
        prices=[Price(source=s, year=y, price=p) for (s, y), p in sorted(result.prices.items())],
        run=made.run_id,
        label=label,
        findings=list(result.problem.findings),
    )


def _chosen(result: Result, i: int) -> Chosen:
    year = result.choice.starts[i]
    return Chosen(
        intervention_id=result.problem.ids[i],
        start_year=year,
        value_eur=result.problem.value_eur(i, year),
        payments=[Payment(source=f, amount_eur=c / 100) for f, c in result.choice.payments[i].items()],
    )


def _text(answer: PlanAnswer, lang: Literal["it", "en"]) -> str:
    """Write the answer for a person: what it buys, how near to the best, what one more euro is worth."""
    spent = sum(p.amount_eur for c in answer.programme for p in c.payments)
    proof = {
        "prices": ("dimostrato dai prezzi", "proven by prices"),
        "solver": ("parola del solutore", "solver's claim"),
    }
    words = proof.get(answer.proof, ("senza prova", "without proof"))
    if lang == "it":
        head = f"{len(answer.programme)} interventi su {answer.candidates}, {spent:,.2f} EUR"
        lines = [
            head,
            f"valore {answer.value:,.2f} EUR, al massimo {answer.gap:.4%} sotto il meglio ({words[0]})",
        ]
        lines += ["verificato al centesimo" if answer.verified else "NON verificato"]
        lines += [f"un euro in più in {p.source} {p.year} vale {p.price:.2f} EUR" for p in answer.prices]
    else:
        head = f"{len(answer.programme)} of {answer.candidates} interventions, EUR {spent:,.2f}"
        lines = [head, f"value EUR {answer.value:,.2f}, at most {answer.gap:.4%} below the best ({words[1]})"]
        lines += ["verified to the cent" if answer.verified else "NOT verified"]
        lines += [f"one more euro in {p.source} {p.year} is worth EUR {p.price:.2f}" for p in answer.prices]
    return "\n".join(lines)


VERB = Verb(
    name="plan",
    help="Choose the programme of the workspace under its budgets",
    request=PlanRequest,
    answer=PlanAnswer,
    run=_run,
    workspace=True,
    text=_text,
    examples=("contado plan -w city", "contado plan -w city --gap 0.001 --time-limit-s 30 --json"),
)
