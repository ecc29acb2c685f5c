"""Small drives made by hand: a straight road, a speed that varies, a sensor in any mount."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from contado.engines.pavement.telemetry.drive import Drive

G = 9.80665


def mount_matrix(z_deg, y_deg, x_deg):
    """Sensor = M body: rotations about the fixed axes z, y, x in this order."""
    a, b, c = np.radians([z_deg, y_deg, x_deg])
    rz = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rx = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    return rx @ ry @ rz


@dataclass(kw_only=True)
class Toy:
    """Columns of a drive as its two files hold them."""

    acc: dict
    fixes: dict
    gravity: np.ndarray
    extra: dict = field(default_factory=dict)

    def write(
        self, folder, name="car1_pass1", *, sep=",", decimal=".", encoding="utf-8", end="\n", scale=1.0
    ):
        """Write NAME_acc.csv and NAME_gnss.csv in a dialect; return the two paths."""
        folder.mkdir(parents=True, exist_ok=True)
        acc = {key: values * (1 if key == "t_s" else scale) for key, values in self.acc.items()}
        paths = []
        for suffix, columns in (("acc", acc), ("gnss", self.fixes)):
            rows = [sep.join(columns)]
            for row in zip(*columns.values(), strict=True):
                cells = [v if isinstance(v, str) else f"{v:.8g}".replace(".", decimal) for v in row]
                rows.append(sep.join(cells))
            path = folder / f"{name}_{suffix}.csv"
            path.write_bytes((end.join(rows) + end).encode(encoding))
            paths.append(path)
        return paths

    def drive(self, **changes):
        """Return the drive without a detour through files."""
        acc = np.stack([self.acc[f"a{axis}"] for axis in "xyz"], axis=1)
        drive = Drive(
            name="toy",
            vehicle="toy",
            label="simulated",
            sha256="0",
            t_s=self.acc["t_s"],
            acc_m_s2=acc,
            fix_t_s=self.fixes["t_s"],
            lon=self.fixes["lon"],
            lat=self.fixes["lat"],
            speed_m_s=self.fixes["speed_m_s"],
            hdop=self.fixes["hdop"],
            unit="m_s2",
            fs_hz=1 / float(np.median(np.diff(self.acc["t_s"]))),
            n_samples_raw=len(acc),
            n_fixes_raw=len(self.fixes["t_s"]),
        )
        return replace(drive, **changes)


def build(duration_s=240.0, fs_hz=100.0, mount=(30.0, -12.0, 7.0), seed=0, shake_m_s2=0.5):
    """Drive eastwards at 7 to 17 m/s over a road that shakes."""
    random = np.random.default_rng(seed)
    t = np.arange(0, duration_s, 1 / fs_hz)
    fix = np.arange(0, duration_s, 1.0)

    def speed(x):
        return 12 + 4 * np.sin(2 * np.pi * x / 61) + 1.5 * np.sin(2 * np.pi * x / 23)

    body = random.normal(0, 0.05, (len(t), 3))
    body[:, 0] += np.gradient(speed(t), t)
    body[:, 2] += G + np.convolve(random.normal(0, shake_m_s2, len(t)), np.ones(3) / np.sqrt(3), "same")
    matrix = mount_matrix(*mount)
    acc = body @ matrix.T
    east_m = np.concatenate([[0], np.cumsum(speed(fix)[1:])])
    fixes = {
        "t_s": fix,
        "lon": 9.19 + east_m / (111_195 * np.cos(np.radians(45.46))),
        "lat": np.full(len(fix), 45.46),
        "speed_m_s": speed(fix) + random.normal(0, 0.05, len(fix)),
        "hdop": np.full(len(fix), 1.1),
    }
    columns = {"t_s": t, **{f"a{axis}": acc[:, k] for k, axis in enumerate("xyz")}}
    return Toy(acc=columns, fixes=fixes, gravity=matrix @ np.array([0.0, 0.0, 1.0]))


@pytest.fixture
def toy():
    """Function that builds a toy drive."""
    return build


@pytest.fixture
def turn():
    """Function (z, y, x degrees) -> the rotation of a mount."""
    return mount_matrix
