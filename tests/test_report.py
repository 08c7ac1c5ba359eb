"""What the benchmarks write: a table for each set of instructions."""

import json
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
ROWS = [{"network": "ours", "samples/s": 2.5}, {"network": "theirs", "samples/s": 1.0}]


@pytest.fixture
def report(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    monkeypatch.delitem(sys.modules, "_report", raising=False)
    import _report

    monkeypatch.setattr(_report, "RESULTS", tmp_path)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    return _report


@pytest.mark.parametrize(
    ("capability", "limit", "instructions", "file"),
    [
        ("AVX512", None, "AVX512", "speed"),
        ("AVX512", "ALL", "AVX512", "speed"),
        ("AVX512", "AVX2", "AVX2", "speed-avx2"),
        ("AVX2", None, "AVX2", "speed-avx2"),
        ("AVX2", "ALL", "AVX2", "speed-avx2"),
    ],
)
def test_names_the_instructions(
    report, monkeypatch, tmp_path, capsys, capability, limit, instructions, file
):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    if limit is not None:
        monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", limit)
    report.write_results("speed", ROWS, ["a network, which cannot be had"])
    assert {path.name for path in tmp_path.iterdir()} == {f"{file}.json", f"{file}.md"}
    content = json.loads((tmp_path / f"{file}.json").read_text())
    assert content["machine"]["instructions"] == instructions
    assert content["machine"]["bfloat16"] in ("yes", "no")
    assert content["rows"] == ROWS
    text = (tmp_path / f"{file}.md").read_text()
    assert f"instructions {instructions}, bfloat16 " in text
    assert text.endswith("|\n\nLeft out: a network, which cannot be had.\n")
    assert capsys.readouterr().out == text


def test_rows_are_merged_with_those_of_the_same_instructions(report, monkeypatch, tmp_path):
    report.merge_results("speed", ROWS, key="network")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    report.merge_results("speed", ROWS[:1], key="network")
    report.merge_results("speed", [{"network": "ours", "samples/s": 2.0}], key="network")

    def speeds(name):
        rows = json.loads((tmp_path / f"{name}.json").read_text())["rows"]
        return {row["network"]: row["samples/s"] for row in rows}

    assert speeds("speed") == {"ours": 2.5, "theirs": 1.0}
    assert speeds("speed-avx2") == {"ours": 2.0}
