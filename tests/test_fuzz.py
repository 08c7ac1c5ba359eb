"""Half-right inputs to every public entry; `benchmarks/fuzz.py` tries many more of them."""

import pytest
from fuzzing import entries, fault_of, half_right
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

ENTRIES = {entry.name: entry for entry in entries()}
FEW = settings(
    max_examples=8, derandomize=True, database=None, phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.mark.parametrize("name", ENTRIES)
def test_the_good_input_is_accepted(name):
    entry = ENTRIES[name]
    first = entry.n_rows_of or next(iter(entry.good))
    assert fault_of(entry, entry.good, first) is None


@pytest.mark.parametrize("name", ENTRIES)
def test_half_right_input(name):
    entry = ENTRIES[name]

    @FEW
    @given(st.data())
    def one(data):
        argument = data.draw(st.sampled_from(sorted(entry.good)))
        value = data.draw(half_right(entry.good[argument]))
        fault = fault_of(entry, {**entry.good, argument: value}, argument)
        assert fault is None, f"{argument}={value!r:.200}: {fault}"

    one()
