"""Road classes and what they mean in IRI."""

import numpy as np
import pytest

from contado.engines.pavement.profile import iso8608
from contado.kernel.errors import UsageError


def test_classes_are_a_factor_four_apart():
    assert iso8608.gd_of_class("A") == 16e-6
    assert iso8608.gd_of_class("E") == pytest.approx(4096e-6)


def test_unknown_class_lists_every_valid_one():
    with pytest.raises(UsageError, match="A, B, C, D, E, F, G, H") as error:
        iso8608.gd_of_class("Z")
    assert error.value.rule == "unknown_choice"


@pytest.mark.parametrize(("letter", "iri"), [("A", 2.173), ("B", 4.345)])
def test_iri_of_class_means(letter, iri):
    assert iso8608.iri_of_gd(iso8608.gd_of_class(letter)) == pytest.approx(iri, rel=1e-3)


def test_iri_and_gd_are_inverse():
    assert iso8608.iri_of_gd(float(iso8608.gd_of_iri(3.3))) == pytest.approx(3.3)


def test_area_of_the_response_without_and_with_averaging():
    """The areas under |H|^2 over wavenumber, 1.22437 and 1.17380, behind 0.5547 and 0.5431."""
    scale = 1000 * np.sqrt(2 / np.pi) * 2 * np.pi * 0.1 * 1e-3
    for averaging, area in ((False, 1.22437), (True, 1.17380)):
        assert (iso8608.iri_per_root_gd(averaging=averaging) / scale) ** 2 == pytest.approx(area, rel=2e-4)


def test_measured_spectrum_of_a_sinusoid_holds_its_power():
    x = np.arange(0, 1000, 0.1)
    n, g = iso8608.measured_spectrum(0.002 * np.sin(2 * np.pi * 0.5 * x), 0.1)
    assert np.sum(g) * (n[1] - n[0]) == pytest.approx(0.002**2 / 2, rel=0.01)
    assert n[np.argmax(g)] == pytest.approx(0.5)
