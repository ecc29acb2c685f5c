"""The textbook formulation of a programme folder: a flag of use for every payment, big-M, binary worksites."""

from __future__ import annotations

from itertools import combinations

from contado.kernel.solver import RowBuilder

UNIT = 100_000.0
"""Cents in the model's unit of money, 1,000 EUR: in whole euros HiGHS gave wrong optima."""
OWN = "own"


class Textbook:
    """x[i,t] start, y[i,t,f] payment, u[i,t,f] use of a source, z[r,t] joint worksite; all but y binary."""

    def __init__(self, problem):
        self.problem, self.rows = problem, RowBuilder()
        self.cost, self.upper, self.integer = [], [], []
        self.x, self.y, self.u, self.z = {}, {}, {}, {}
        self.starts()
        self.worksites()
        self.payments()
        self.relations()
        self.budgets()

    def column(self, value, upper, integer):
        self.cost.append(value)
        self.upper.append(upper)
        self.integer.append(integer)
        return len(self.cost) - 1

    def model(self):
        return self.rows.finish(cost=self.cost, upper=self.upper, integer=self.integer)

    def starts(self):
        """Every year has its column; those outside the window are fixed at nothing."""
        p = self.problem
        for i in range(len(p.ids)):
            inside = p.starts(i)
            for t in p.years:
                self.x[i, t] = self.column(p.value_eur(i, t) / 1000, float(t in inside), True)
            self.rows.add([self.x[i, t] for t in p.years], [1.0] * len(p.years), upper=1.0)

    def worksites(self):
        for r, relation in enumerate(self.problem.relations):
            for t in self.problem.years if relation.kind == "joint_worksite" else ():
                z = self.z[r, t] = self.column(0.0, 1.0, True)
                a, b = self.x[relation.a, t], self.x[relation.b, t]
                self.rows.add([z, a], [1.0, -1.0], upper=0.0)
                self.rows.add([z, b], [1.0, -1.0], upper=0.0)
                self.rows.add([z, a, b], [1.0, -1.0, -1.0], lower=-1.0)

    def payments(self):
        p = self.problem
        for i, t in self.x:
            alone = {f for f, offer in p.offers[i].items() if not offer.cumulable}
            caps = {f: c for f, c in p.caps_cents(i).items() if p.charges(i, t, f)}
            for f, cents in caps.items():
                cap = cents / UNIT
                y = self.y[i, t, f] = self.column(0.0, cap, False)
                u = self.u[i, t, f] = self.column(0.0, 1.0, True)
                self.rows.add([y, u], [1.0, -cap], upper=0.0)
                self.rows.add([u, self.x[i, t]], [1.0, -1.0], upper=0.0)
            for f, g in combinations(caps, 2):
                if OWN not in (f, g) and alone & {f, g}:
                    self.rows.add([self.u[i, t, f], self.u[i, t, g]], [1.0, 1.0], upper=1.0)
            self.paid_in_full(i, t, list(caps))

    def paid_in_full(self, i, t, sources):
        ys = [self.y[i, t, f] for f in sources]
        saved = [
            (self.z[r, t], q.saving_cents / UNIT)
            for r, q in enumerate(self.problem.relations)
            if q.kind == "joint_worksite" and q.a == i
        ]
        columns = [*ys, *(z for z, _ in saved), self.x[i, t]]
        values = [*[1.0] * len(ys), *(s for _, s in saved), -float(self.problem.cost_cents[i]) / UNIT]
        self.rows.add(columns, values, lower=0.0, upper=0.0)

    def relations(self):
        years = self.problem.years
        for q in self.problem.relations:
            if q.kind == "excludes":
                both = [self.x[k, t] for k in (q.a, q.b) for t in years]
                self.rows.add(both, [1.0] * len(both), upper=1.0)
            for t in years if q.kind == "requires" else ():
                before = [self.x[q.b, s] for s in years if s <= t]
                self.rows.add([self.x[q.a, t], *before], [1.0, *[-1.0] * len(before)], upper=0.0)

    def budgets(self):
        for (f, t), cents in self.problem.budget_cents.items():
            mine = [y for (_, year, source), y in self.y.items() if (source, year) == (f, t)]
            if mine:
                self.rows.add(mine, [1.0] * len(mine), upper=cents / UNIT)
