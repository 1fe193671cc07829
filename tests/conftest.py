import shutil

import matplotlib as mpl
import pytest
from xdist.scheduler import LoadFileScheduling

mpl.use("Agg")

# Tests that compile the kernels of training.
TRAINING = ("tests/training/", "tests/test_", "tests/properties/test_training")
APART = "tests/test_public_names.py"  # its examples run last, on kernels that are compiled by then
LAST = "test_docstring_examples"  # finds kernels compiled that others needed too


class KernelsTogether(LoadFileScheduling):
    """A file stays with one worker, and all files of training with the same: no kernel is compiled twice, side by side."""

    def _split_scope(self, nodeid):
        file = super()._split_scope(nodeid)
        return "training" if file.startswith(TRAINING) and file != APART else file


def pytest_xdist_make_scheduler(config, log):
    return KernelsTogether(config, log)


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.name == LAST)


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="session")
def browser():
    """Chromium: the one of playwright (extra `browser`), or one found on the path."""
    sync_api = pytest.importorskip("playwright.sync_api")
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *quiet])
        yield opened
        opened.close()
