"""What the benchmark scripts share: the machine, a timer, a table, a file of results."""

import json
import platform
import subprocess
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from os import environ
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from joblib import cpu_count

from sklstm._device import runs_bfloat16

RESULTS = Path(__file__).parent / "results"
PACKAGES = (
    "sklstm",
    "torch",
    "scikit-learn",
    "skorch",
    "onnxruntime",
    "gensim",
    "numpy",
    "keras",
    "tensorflow-cpu",
    "flair",
    "spacy",
    "sklearn-crfsuite",
    "skrub",
)


def describe_machine():
    """Processor, instructions, cores, threads, versions, date, commit: a flat dictionary."""
    return {
        "cpu": _cpu_model(),
        "instructions": instruction_set(),
        "bfloat16": "yes" if runs_bfloat16("cpu") else "no",
        "cores": cpu_count(),
        **({"threads": int(threads)} if (threads := environ.get("OMP_NUM_THREADS")) else {}),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: number for name in PACKAGES if (number := _version(name))},
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _commit(),
    }


def instruction_set():
    """What the kernels use: the processor's best, or what oneDNN is told to keep to."""
    limit = environ.get("ONEDNN_MAX_CPU_ISA", "ALL")
    return torch.backends.cpu.get_cpu_capability() if limit == "ALL" else limit


def _cpu_model():
    cpuinfo = Path("/proc/cpuinfo")  # Linux only
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit():
    command = ["git", "describe", "--always", "--dirty"]
    answer = subprocess.run(
        command, cwd=RESULTS.parent, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"


def median_seconds(*functions, rounds=5, warm_up=1, clock=perf_counter):
    """Median time of each function, in seconds of a clock.

    The functions take turns, so that a machine that slows down does so for all of them.
    """
    for _ in range(warm_up):
        for function in functions:
            function()
    seconds = [[_seconds(function, clock) for function in functions] for _ in range(rounds)]
    return [median(column) for column in zip(*seconds, strict=True)]


def _seconds(function, clock):
    start = clock()
    function()
    return clock() - start


def format_table(rows):
    """Format rows, dictionaries with the same keys, as a table in Markdown."""
    cells = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = [isinstance(value, int | float) for value in rows[0].values()]
    ends = [":" if right else "-" for right in numeric]  # Markdown aligns to the colon
    cells.insert(1, ["-" * (w - 1) + end for w, end in zip(widths, ends, strict=True)])
    lines = []
    for line in cells:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(line, widths, numeric, strict=True)
        )
        lines.append(f"| {' | '.join(padded)} |")
    return "\n".join(lines)


def _cell(value):
    if isinstance(value, float):
        return f"{value:,.{4 if abs(value) < 10 else 2 if abs(value) < 100 else 0}f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def write_results(name, rows, left_out=()):
    """Print the machine and the table, and write both to ``results/<name>.json`` and ``.md``.

    Results of other instructions than AVX-512 stand beside, in ``results/<name>-avx2.md``.
    Say what rows are `left_out`, and why.
    """
    machine = describe_machine()
    caption = ", ".join(f"{key} {value}" for key, value in machine.items())
    text = "\n\n".join([caption, format_table(rows), *map("Left out: {}.".format, left_out)])
    print(text)
    RESULTS.mkdir(exist_ok=True)
    content = {"machine": machine, "rows": rows, "left out": list(left_out)}
    file = _file(name)
    file.with_suffix(".json").write_text(json.dumps(content, indent=2) + "\n")
    file.with_suffix(".md").write_text(text + "\n")


def _file(name):
    instructions = instruction_set().lower()
    return RESULTS / (f"{name}.json" if "512" in instructions else f"{name}-{instructions}.json")


def merge_results(name, rows, key):
    """Write rows, dated, over those with the same `key` that an earlier run has left.

    Columns that only the earlier row has are kept. Rows are in the order of keys that are numbers.
    """
    file = _file(name)
    content = json.loads(file.read_text()) if file.exists() else {"rows": []}
    merged = {row[key]: {"date": content["machine"]["date"][:10], **row} for row in content["rows"]}
    for row in rows:
        merged[row[key]] = {**merged.get(row[key], {}), "date": f"{date.today()}", **row}
    if all(isinstance(value, int) for value in merged):
        merged = dict(sorted(merged.items()))
    columns = dict.fromkeys(column for row in merged.values() for column in row)
    write_results(name, [{c: row.get(c, "-") for c in columns} for row in merged.values()])
