import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.linalg import check_norm, matrix_norm, scaled_products, spectra, spectral_radius


@pytest.mark.parametrize("norm", [1, 2, np.inf, "fro"])
@pytest.mark.parametrize("scale", [1e-200, 1.0, 1e200])
def test_matrix_norms_against_numpy(norm, scale):
    A = scale * np.random.default_rng(0).standard_normal((4, 3, 5, 5))
    expected = np.array([[np.linalg.norm(M, norm) for M in row] for row in A / scale]) * scale
    np.testing.assert_allclose(matrix_norm(A, norm), expected, rtol=1e-13)


def test_zero_matrices_have_norm_zero():
    assert matrix_norm(np.zeros((3, 3)), 2) == 0.0


def test_spectra_are_sorted_and_keep_pairs_together():
    A = np.random.default_rng(1).standard_normal((50, 7, 7))
    values = spectra(A)
    assert np.all(np.diff(np.abs(values), axis=-1) <= 1e-12)
    for M, row in zip(A, values, strict=True):
        np.testing.assert_allclose(np.sort_complex(row), np.sort_complex(np.linalg.eigvals(M)), atol=1e-12)
    np.testing.assert_allclose(spectral_radius(A), np.abs(values[:, 0]), rtol=1e-12)


def test_scaled_products():
    rng = np.random.default_rng(2)
    factors = rng.standard_normal((25, 2, 3, 3))
    product = np.eye(3)
    for J, (P, log_scale) in zip(factors, scaled_products(factors), strict=True):
        product = J @ product
        np.testing.assert_allclose(P * np.exp(log_scale)[:, None, None], product, rtol=1e-10)
        np.testing.assert_allclose(np.abs(P).max(axis=(-2, -1)), 1.0)


def test_unknown_norms_are_refused():
    with pytest.raises(InvalidInput, match="norm"):
        check_norm("nuclear")
