from fractions import Fraction

import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.linalg import accurate_matmul, check_norm, matrix_norm, scaled_products, spectra, spectral_radius


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


def test_accurate_products_survive_cancellation():
    rng = np.random.default_rng(3)
    A, B = rng.standard_normal((4, 30)), rng.standard_normal((30, 3))
    A = np.hstack([A, 1e9 * A, -1e9 * A])
    B = np.vstack([B, B[::-1], B[::-1] * (1 + 1e-9 * rng.standard_normal(B.shape))])
    exact = np.array(
        [[float(sum(Fraction(a) * Fraction(b) for a, b in zip(row, column, strict=True))) for column in B.T] for row in A]
    )
    np.testing.assert_allclose(accurate_matmul(A, B), exact, rtol=3e-16)
    assert np.abs(A @ B / exact - 1).max() > 1e-10
    assert accurate_matmul(np.array([[1e300]]), np.array([[1e-300]]))[0, 0] == 1e300 * 1e-300
