"""Settings every test and doctest runs under."""

import os

import pytest
from hypothesis import settings

# Tests run side by side, one a core: a thread pool in each would only make them wait for another.
# Set before torch starts its pool, and inherited by the workers that joblib starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no fault of the code under test.
settings.register_profile("sklstm", deadline=None)
settings.load_profile("sklstm")


def pytest_collection_modifyitems(items):
    """Expect the warning of a processor without bfloat16 where a test asks for it."""
    from sklstm._device import runs_bfloat16  # not before the environment is set

    if not runs_bfloat16("cpu"):
        for item in items:
            item.add_marker(pytest.mark.filterwarnings("ignore:precision='bfloat16' trains in"))


@pytest.fixture(autouse=True)
def _seed():
    """Draw the same from torch in every test, whatever has run before it."""
    import torch  # not before the environment is set

    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _few_epochs(request, monkeypatch):
    """Train for few epochs by default, which is enough to test everything but how many they are."""
    is_doctest = isinstance(request.node, pytest.DoctestItem)
    if is_doctest or request.node.get_closest_marker("whole_training"):
        return
    from sklstm import _epochs

    choose = _epochs.choose_epochs
    monkeypatch.setattr(
        _epochs,
        "choose_epochs",
        lambda n, few, n_tokens: min(choose(n, few, n_tokens), 50 if few == 50 else 10),
    )


@pytest.fixture
def without_a_screen():
    """Draw figures in memory, and close them."""
    import matplotlib
    import matplotlib.pyplot as plt

    backend = matplotlib.get_backend()
    plt.switch_backend("Agg")
    yield
    plt.close("all")
    plt.switch_backend(backend)
