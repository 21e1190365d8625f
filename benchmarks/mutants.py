"""Do the tests notice wrong physics? Each mutant of `mutants.toml` is put into a copy of the tree and tested there.

    python benchmarks/mutants.py --jobs 2 -o mutants.jsonl

A mutant is one change of physical meaning: a sign, a factor, a unit, a power, an order, one step more or less. The tests
of its subject run against it and end with the first failure (`killed`), or all pass (`survived`). Ten times as long as
without it, and at least 10 min, is `slow` and counts as killed. A mutant whose text stands no longer once in its file is
`stale`; tests that fail without any mutant are `broken`. Each verdict is kept as a line of JSON, so that a run goes on
where it was stopped; `--again` repeats the survivors. Prints how many there are of each, and the survivors. Those with a
good reason, named in [verdicts], count as `equivalent`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = 600
PYTEST = ("-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--tb=no")
_place = threading.local()


def mutants() -> tuple[list[dict], dict[str, str]]:
    """Return all mutants, and why some of them may survive."""
    listed = tomllib.loads((ROOT / "benchmarks" / "mutants.toml").read_text(encoding="utf-8"))
    reasons = listed.pop("verdicts", {})
    found = []
    for file, section in listed.items():
        for old, new, *tests in section["mutants"]:
            found.append({"file": file, "old": old, "new": new, "tests": tests[0] if tests else section["tests"]})
    return found, reasons


def name_of(mutant: dict) -> str:
    """Return the name under which a verdict is kept."""
    return f"{mutant['file']}: {mutant['old']} -> {mutant['new']}"


def copy_tree(place: Path) -> Path:
    """Copy what git tracks, with the compiled functions that numba has kept: they count by text and time of their files."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    caches = (str(path.relative_to(ROOT)) for path in ROOT.glob("[a-z]*/**/__pycache__/*.nb[ic]"))
    for name in (*listed.stdout.splitlines(), *caches):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    return place


def own_copy() -> Path:
    """Return the copy of the tree that belongs to this thread."""
    if not hasattr(_place, "folder"):
        _place.folder = tempfile.TemporaryDirectory(prefix="mutants-")
        copy_tree(Path(_place.folder.name))
    return Path(_place.folder.name)


def run_tests(place: Path, tests: str, seconds: float | None = None) -> str:
    """Return "passed", "failed", "broken" or, after so many seconds, "slow"."""
    environment = os.environ | {"PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *PYTEST, *tests.split()]
    try:
        done = subprocess.run(command, cwd=place, env=environment, capture_output=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return "slow"
    return {0: "passed", 1: "failed"}.get(done.returncode, "failed" if done.returncode == 2 else "broken")


@contextmanager
def restored(file: Path, kept: Path) -> Iterator[None]:
    """Put a file back at the end, with its time, and the compiled functions of its folder, which count by both."""
    caches = file.parent / "__pycache__"
    caches.mkdir(exist_ok=True)
    shutil.copy2(file, kept / file.name)
    shutil.copytree(caches, kept / "caches")
    try:
        yield
    finally:
        shutil.copy2(kept / file.name, file)
        shutil.rmtree(caches)
        shutil.copytree(kept / "caches", caches)


def judge(mutant: dict, sound: dict[str, tuple[str, float]]) -> dict:
    """Return the verdict on a mutant.

    Args:
        mutant: file, old text, new text, tests.
        sound: how tests end without a mutant, and after how many seconds, by tests; filled here.
    """
    place, tests, start = own_copy(), mutant["tests"], time.perf_counter()
    file = place / mutant["file"]
    if not file.is_file() or file.read_text(encoding="utf-8").count(mutant["old"]) != 1:
        return mutant | {"verdict": "stale", "seconds": 0}
    if tests not in sound:
        sound[tests] = run_tests(place, tests), time.perf_counter() - start
    if sound[tests][0] != "passed":
        return mutant | {"verdict": "broken", "seconds": 0}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as kept, restored(file, Path(kept)):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(mutant["old"], mutant["new"]), encoding="utf-8")
        end = run_tests(place, tests, max(SECONDS, 10 * sound[tests][1]))
    verdict = {"passed": "survived", "failed": "killed"}.get(end, end)
    return mutant | {"verdict": verdict, "seconds": round(time.perf_counter() - start, 1)}


def run(out: Path, *, jobs: int, only: str, again: bool) -> dict:
    """Judge all mutants that have no verdict yet; return the summary."""
    every, reasons = mutants()
    known = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    done = {name_of(one): one for one in known if not (again and one["verdict"] not in ("killed", "slow"))}
    todo = [one for one in every if name_of(one) not in done and only in name_of(one)]
    sound: dict[str, tuple[str, float]] = {}
    lock = threading.Lock()

    def one(mutant: dict) -> None:
        verdict = judge(mutant, sound)
        with lock, out.open("a") as file:
            done[name_of(mutant)] = verdict
            file.write(json.dumps(verdict) + "\n")
            print(f"{verdict['verdict']:9} {verdict['seconds']:6.1f} s  {name_of(mutant)}", file=sys.stderr)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(one, todo))
    found = [done[name_of(mutant)] for mutant in every if name_of(mutant) in done]
    for mutant in found:
        if mutant["verdict"] == "survived" and f"{mutant['file']}: {mutant['new']}" in reasons:
            mutant["verdict"] = "equivalent"
    survivors = [name_of(mutant) for mutant in found if mutant["verdict"] == "survived"]
    return {"mutants": len(every), **Counter(mutant["verdict"] for mutant in found), "survivors": survivors}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-o", "--out", type=Path, default=Path("mutants.jsonl"))
    parser.add_argument("--jobs", type=int, default=1, help="copies of the tree that are tested at the same time")
    parser.add_argument("--only", default="", help="only mutants whose file or text holds this")
    parser.add_argument("--again", action="store_true", help="also those that survived, or could not be tested, before")
    chosen = parser.parse_args()
    print(json.dumps(run(chosen.out, jobs=chosen.jobs, only=chosen.only, again=chosen.again), indent=1))
