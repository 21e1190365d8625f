"""Matrix products: right, and the same for any number of threads."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from dwcore.numerics.product import BLOCK_ROWS, product
from dwcore.numerics.threads import one_blas_thread, workers

SHAPES = [(1, 1, 1), (37, 65, 32), (BLOCK_ROWS, 30, 7), (BLOCK_ROWS + 1, 30, 7), (3 * BLOCK_ROWS + 5, 288, 32)]


def factors(shape, dtype=np.float32):
    rng = np.random.default_rng(0)
    m, k, n = shape
    return rng.normal(size=(m, k)).astype(dtype), rng.normal(size=(k, n)).astype(dtype)


@pytest.mark.parametrize("shape", SHAPES)
def test_product_is_the_matrix_product(shape):
    left, right = factors(shape, np.float64)
    np.testing.assert_allclose(product(left, right), left @ right, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(product(right.T, left.T), (left @ right).T, rtol=1e-11, atol=1e-11)
    assert product(left.astype(np.float32), right.astype(np.float32)).dtype == np.float32


def digest():
    out = b"".join(product(*factors(shape)).tobytes() for shape in SHAPES)
    return hashlib.sha256(out).hexdigest()


def test_threads_change_no_bit():
    alone = digest()
    for jobs in (1, 2, 5):
        with workers(jobs):
            assert digest() == alone
    program = (
        "import sys, importlib.util as u; s = u.spec_from_file_location('t', sys.argv[1]); "
        "t = u.module_from_spec(s); s.loader.exec_module(t); print(t.digest())"
    )
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-c", program, __file__]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == alone


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


def test_blas_is_held_to_one_thread_and_let_go():
    before = blas_threads()
    with one_blas_thread(), workers(2):
        assert blas_threads() <= {1}
        product(*factors((3, 3, 3)))
        assert blas_threads() <= {1}
    assert blas_threads() == before
