"""What pytest makes of the differences: a listed one must fail, and no other test may."""

from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import srsly
import torch
from thinc.api import fix_random_seed

from . import substitutes

TABLE = Path(__file__).parent / "differences.yml"
LEFT_OUT = "left out"


class Differences:
    """By kind, `differences.yml` lists reasons with the tests that they apply to, in all their cases or in one."""

    def __init__(self) -> None:
        table: Dict[str, Dict[str, List[str]]] = srsly.read_yaml(TABLE)
        self.reasons = {
            test: (kind, reason) for kind, own in table.items() for reason, tests in own.items() for test in tests
        }
        self.outcomes: Dict[str, Counter] = {}
        self.listed: Counter = Counter()

    def pytest_addoption(self, parser: pytest.Parser) -> None:
        parser.addoption("--slow", action="store_true")
        parser.addoption("--issue")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: List[pytest.Item]) -> None:
        kept, met = [], set()
        for item in items:
            test = name_of(item.nodeid)
            names = [name for name in (test, test.partition("[")[0]) if name in self.reasons]
            met.update(names)
            if not names:
                kept.append(item)
                continue
            kind, reason = self.reasons[names[0]]
            self.listed[(kind, reason)] += 1
            if kind == LEFT_OUT:
                self._count(test, LEFT_OUT)
                continue
            item.add_marker(pytest.mark.xfail(reason=f"{kind}: {reason}", strict=True), append=False)
            kept.append(item)
        items[:] = kept
        if set(self.reasons) - met and not config.getoption("keyword"):
            raise pytest.UsageError(f"{TABLE.name} lists tests that spaCy lacks: {sorted(set(self.reasons) - met)}")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        torch.set_num_threads(1)
        fix_random_seed(0)
        substitutes.used.clear()
        yield

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        outcome: str = report.outcome
        if outcome == "skipped":
            listed = {name_of(report.nodeid), name_of(report.nodeid).partition("[")[0]} & set(self.reasons)
            outcome = "differences" if listed else "skipped by spaCy"
        elif outcome == "passed" and not substitutes.used:
            outcome = "without ours"
        self._count(name_of(report.nodeid), outcome)

    def _count(self, test: str, outcome: str) -> None:
        self.outcomes.setdefault(test.partition("::")[0], Counter())[outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        write = terminalreporter.write_line
        terminalreporter.section("spaCy's tests on our components")
        for module, counts in self.outcomes.items():
            write(f"{module}: " + ", ".join(f"{n} {outcome}" for outcome, n in counts.items()))
        total = sum(self.outcomes.values(), Counter())
        write("in all: " + ", ".join(f"{n} {outcome}" for outcome, n in total.items()))
        kind = ""
        for own, reason in dict.fromkeys(self.reasons.values()):
            if own != kind:
                kind = own
                write(f"\n{kind}:")
            write(f"  {self.listed[own, reason]:3} {reason}")


def name_of(nodeid: str) -> str:
    return nodeid.partition("spacy/tests/")[2]
