"""Half-right inputs to every public entry, for as long as there is time.

The entries, the inputs and what may come of them are those of ``tests/fuzzing.py``; hypothesis
draws the inputs. Run ``OMP_NUM_THREADS=1 python benchmarks/fuzz.py --minutes 10``; with ``--seed``
the inputs are others.
"""

import argparse
import signal
import sys
from collections import Counter
from pathlib import Path
from random import Random
from time import monotonic

import torch
from _report import write_results
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fuzzing import entries, fault_of, half_right

AT_ONCE = 20  # inputs to an entry before the next has its turn
TIME_LIMIT = 20  # seconds for one call


class TooSlow(BaseException):
    """A call that takes longer than anything could."""


def stop(*_):
    """Interrupt a call."""
    raise TooSlow


def try_inputs(entry, found, number, many):
    """Draw inputs for one entry, and note each fault once."""

    @seed(number)
    @settings(
        max_examples=many, database=None, deadline=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data())
    def one(data):
        name = data.draw(st.sampled_from(sorted(entry.good)))
        value = data.draw(half_right(entry.good[name]))
        shown = f"{value!r:.60}" if not hasattr(value, "__next__") else "an iterator"
        signal.setitimer(signal.ITIMER_REAL, TIME_LIMIT)
        try:
            fault = fault_of(entry, {**entry.good, name: value}, name)
        except TooSlow:
            fault = f"takes more than {TIME_LIMIT} seconds"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        found["inputs"] += 1
        if fault is not None:
            key = entry.name, name, fault[:60]
            if key not in found["faults"]:
                print(f"{entry.name}: {name}={shown}\n    {fault}", flush=True)
            found["faults"][key] = shown

    one()


def main(minutes, number, pattern):
    """Try inputs until the time is over, and write how many, and what was wrong."""
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, stop)
    chosen = [entry for entry in entries() if pattern in entry.name]
    found, end, rng = {"inputs": 0, "faults": {}}, monotonic() + 60 * minutes, Random(number)
    while monotonic() < end:
        rng.shuffle(chosen)
        for entry in chosen:
            try_inputs(entry, found, rng.randrange(2**32), AT_ONCE)
            if monotonic() > end:
                break
    return len(chosen), found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="a part of the names of entries")
    options = parser.parse_args()
    n_entries, found = main(options.minutes, options.seed, options.only)
    kinds = Counter(entry for entry, *_ in found["faults"])
    row = {"entries": n_entries, "inputs": found["inputs"], "faults": sum(kinds.values())}
    if options.only:
        print(row)
    else:
        write_results("fuzz", [row])
