"""Do the tests notice wrong physics? Each mutant of `mutants.toml` is put into a copy of the tree and tested there.

    python benchmarks/mutants.py --jobs 2 -o mutants.jsonl

A mutant is one change of physical meaning: a sign, a factor, a unit, a power, an order, one step more or less. The tests
of its subject run against it, those that were fast before first, and end with the first failure. It is `killed` when the
test that failed passes without it, and else `broken`; it has `survived` when all pass. More than 10 min is `slow` and
counts as killed. A mutant whose text stands no longer once in its file is `stale`. Libraries are imported once: each run
of tests is a fork of a process that has them. Each verdict is kept as a line of JSON, so that a run goes on where it was
stopped; `--again` repeats the survivors. Prints how many there are of each, and the survivors. Those with a good reason,
named in [verdicts], count as `equivalent`.
"""

import argparse
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from multiprocessing import get_context
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 600
PYTEST = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--tb=no")
LIBRARIES = ("h5py", "hypothesis", "matplotlib.figure", "numba", "pint", "scipy.integrate", "scipy.interpolate")
LIBRARIES += ("scipy.optimize", "scipy.sparse.linalg", "scipy.stats", "torch")


def mutants(file: Path) -> tuple[list[dict], dict[str, str]]:
    """Return all mutants of a list, and why some of them may survive."""
    listed = tomllib.loads(file.read_text(encoding="utf-8"))
    reasons = listed.pop("verdicts", {})
    found = []
    for file, section in listed.items():
        for old, new, *tests in section["mutants"]:
            found.append({"file": file, "old": old, "new": new, "tests": tests[0] if tests else section["tests"]})
    return found, reasons


def name_of(mutant: dict) -> str:
    """Return the name under which a verdict is kept."""
    return f"{mutant['file']}: {mutant['old']} -> {mutant['new']}"


class Tests:
    """Runs tests in a copy of the tree, each time in a fork of this process, which has imported the libraries.

    The copy has what git tracks, and the compiled functions that numba has kept: they count by text and time of their
    files.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
        )
        caches = (str(path.relative_to(ROOT)) for path in ROOT.glob("[a-z]*/**/__pycache__/*.nb[ic]"))
        for name in (*listed.stdout.splitlines(), *caches):
            if (ROOT / name).is_file():
                (place / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, place / name)
        (place / "dwsynapse_data").symlink_to("data")
        self._seconds: dict[str, float] = {}  # that a test took, by its name
        self._sound: dict[str, bool] = {}  # whether it passes without any mutant
        for library in LIBRARIES:
            with suppress(ImportError):
                importlib.import_module(library)

    def run(self, tests: list[str]) -> tuple[int | None, list[str]]:
        """Return the exit status of pytest, None after too long a time, and the tests that failed."""
        report = self.place / "report.json"
        report.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            self._in_child(tests, report)
        until = time.monotonic() + SECONDS
        while not (ended := os.waitpid(child, os.WNOHANG))[0] and time.monotonic() < until:
            time.sleep(0.05)
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # what the tests have started, too
        if not ended[0]:
            os.waitpid(child, 0)
            return None, []
        found = json.loads(report.read_text()) if report.exists() else {"seconds": {}, "failed": []}
        self._seconds |= found["seconds"]
        return os.waitstatus_to_exitcode(ended[1]), found["failed"]

    def _in_child(self, tests: list[str], report: Path) -> None:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        os.chdir(self.place)
        os.environ["PYTHONPATH"] = sys.path[0] = str(self.place)
        os._exit(pytest.main([*PYTEST, *tests], plugins=[_Watch(self._seconds, report)]))

    def pass_without(self, tests: list[str]) -> bool:
        """Return whether tests pass without any mutant."""
        for test in tests:
            if test not in self._sound:
                self._sound[test] = self.run([test])[0] == 0
        return all(self._sound[test] for test in tests)

    @contextmanager
    def with_text(self, file: Path, text: str) -> Iterator[None]:
        """Give a file another text, and in the end its own, with its time, and what was compiled in its folder."""
        caches = file.parent / "__pycache__"
        caches.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory() as kept:
            shutil.copy2(file, Path(kept, "file"))
            shutil.copytree(caches, Path(kept, "caches"))
            file.write_text(text, encoding="utf-8")
            try:
                with _own_cache(kept) if file.relative_to(self.place).parts[0] == "llg" else nullcontext():
                    yield
            finally:
                shutil.copy2(Path(kept, "file"), file)
                shutil.rmtree(caches)
                shutil.copytree(Path(kept, "caches"), caches)


@contextmanager
def _own_cache(place: str) -> Iterator[None]:
    """Keep the relaxed walls of a mutant apart: it must not read those of the sound source, nor anybody read its own."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = place
    try:
        yield
    finally:
        os.environ.pop("XDG_CACHE_HOME")
        if before is not None:
            os.environ["XDG_CACHE_HOME"] = before


class _Watch:
    """Plugin of pytest: fast files and tests first; reports what each test took, and which failed."""

    def __init__(self, seconds: dict[str, float], report: Path):
        self._known, self._report = seconds, report
        self._found: dict = {"seconds": {}, "failed": []}

    def pytest_collection_modifyitems(self, items: list) -> None:
        of_file: Counter[Path] = Counter()
        for item in items:
            of_file[item.path] += self._known.get(item.nodeid, 0.0)
        items.sort(key=lambda item: (of_file[item.path], str(item.path), self._known.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report) -> None:
        seconds = self._found["seconds"]
        seconds[report.nodeid] = seconds.get(report.nodeid, 0.0) + report.duration
        self.pytest_collectreport(report)

    def pytest_collectreport(self, report) -> None:
        if report.failed:
            self._found["failed"].append(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        self._report.write_text(json.dumps(self._found))


def _start(folder: str) -> None:
    global _tests
    _tests = Tests(Path(tempfile.mkdtemp(dir=folder)))


def judge(mutant: dict) -> dict:
    """Return a mutant (file, old text, new text, tests) with the verdict on it, and the test that failed."""
    start = time.perf_counter()
    file = _tests.place / mutant["file"]
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    if text.count(mutant["old"]) != 1:
        return mutant | {"verdict": "stale", "seconds": 0}
    tests = mutant["tests"].split()
    with _tests.with_text(file, text.replace(mutant["old"], mutant["new"])):
        status, failed = _tests.run(tests)
    verdict = {0: "survived", None: "slow"}.get(status)
    if verdict is None:  # none has failed where the process died, or found no tests
        verdict = "killed" if _tests.pass_without(failed or tests) else "broken"
    return mutant | {"verdict": verdict, "seconds": round(time.perf_counter() - start, 1), "failed": failed}


def run(chosen: argparse.Namespace) -> dict:
    """Judge all mutants that have no verdict yet; return the summary."""
    every, reasons = mutants(chosen.list)
    known = [json.loads(line) for line in chosen.out.read_text().splitlines()] if chosen.out.exists() else []
    done = {name_of(one): one for one in known if not (chosen.again and one["verdict"] not in ("killed", "slow"))}
    todo = [one for one in every if name_of(one) not in done and chosen.only in name_of(one)]
    folder = tempfile.TemporaryDirectory(prefix="mutants-")
    pool = ProcessPoolExecutor(chosen.jobs, get_context("fork"), _start, (folder.name,))
    with folder, pool, chosen.out.open("a") as file:
        for verdict in pool.map(judge, todo):
            done[name_of(verdict)] = verdict
            print(json.dumps(verdict), file=file, flush=True)
            print(
                f"{verdict['verdict']:9} {verdict['seconds']:6.1f} s  {name_of(verdict)}", file=sys.stderr, flush=True
            )
    found = [done[name_of(mutant)] for mutant in every if name_of(mutant) in done]
    for mutant in found:
        if mutant["verdict"] == "survived" and f"{mutant['file']}: {mutant['new']}" in reasons:
            mutant["verdict"] = "equivalent"
    survivors = [name_of(mutant) for mutant in found if mutant["verdict"] == "survived"]
    return {"mutants": len(every), **Counter(mutant["verdict"] for mutant in found), "survivors": survivors}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("list", type=Path, nargs="?", default=ROOT / "benchmarks" / "mutants.toml")
    parser.add_argument("-o", "--out", type=Path, default=Path("mutants.jsonl"))
    parser.add_argument("--jobs", type=int, default=1, help="copies of the tree that are tested at the same time")
    parser.add_argument("--only", default="", help="only mutants whose file or text holds this")
    parser.add_argument("--again", action="store_true", help="also those that survived, or could not be tested, before")
    print(json.dumps(run(parser.parse_args()), indent=1))
