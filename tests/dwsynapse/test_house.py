"""The plan of the house, read from the source: who imports whom, how large rooms and functions are.

Each rule is a function that returns what breaks it, and has a made-up house that does.
"""

import ast
import configparser
import dataclasses
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("dwcore", "llg", "compact", "arraysim", "dwsynapse")
"""From the ground up; imports run down."""
LLG_ENTRIES, LLG_LEVELS = 12, 8
LONGEST, LONGEST_KERNEL = 60, 80
KERNELS = {"njit", "compiled", "intrinsic", "cfunc", "overload", "vectorize", "guvectorize"}
FLAT_ROOTS = ("compact", "arraysim")
"""Packages with rooms only: nothing but `__init__` at their root."""


@dataclasses.dataclass(frozen=True)
class House:
    """All modules below the floors, by dotted name."""

    files: dict[str, Path]
    trees: dict[str, ast.Module]

    @classmethod
    def at(cls, root: Path) -> "House":
        """Read the house of a folder."""
        files = {}
        for path in (path for floor in FLOORS for path in sorted((root / floor).rglob("*.py"))):
            files[".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")] = path
        return cls(files, {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in files.items()})

    def exports(self, package: str) -> dict[str, str]:
        """Return which module each public name of a package comes from, as its stub says."""
        stub = self.files[package].with_suffix(".pyi") if package in self.files else Path("none")
        lines = ast.parse(stub.read_text(encoding="utf-8")).body if stub.exists() else []
        froms = [line for line in lines if isinstance(line, ast.ImportFrom) and line.level == 1]
        return {alias.asname or alias.name: f"{package}.{line.module}" for line in froms for alias in line.names}

    def imports(self) -> dict[str, set[str]]:
        """Return the modules of the house that each imports: at the top, in functions, for types, through a package."""
        return {name: {found for found in map(self._module, self._names(tree)) if found} - {name}
                for name, tree in self.trees.items()}  # fmt: skip

    def _names(self, tree: ast.Module) -> list[str]:
        names = []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names += [f"{node.module}.{alias.name}" for alias in node.names]
        return [self.exports(name.rpartition(".")[0]).get(name.rpartition(".")[2], name) for name in names]

    def _module(self, name: str) -> str:
        """Return the module that a dotted name is, or lies in; empty where it is none of the house."""
        return name if name in self.files else name.rpartition(".")[0] * (name.rpartition(".")[0] in self.files)


def room(module: str) -> str:
    """Return the room of a module: its folder or file one below the floor."""
    return ".".join(module.split(".")[:2])


def rooms(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Return the rooms that each room imports."""
    found = defaultdict(set)
    for name, others in graph.items():
        found[room(name)] |= {room(other) for other in others} - {room(name)}
    return found


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Return the sets of nodes that reach one another."""
    reach = {node: set(others) for node, others in graph.items()}
    for middle in list(graph):
        for far in reach.values():
            if middle in far:
                far |= reach[middle]
    within = {frozenset(other for other in far if node in reach.get(other, ())) for node, far in reach.items()}
    return sorted((set(circle) for circle in within if circle), key=sorted)


def imports_up(house: House) -> list[str]:
    """Return the imports that run from a lower floor to a higher one."""
    floor = {name: FLOORS.index(name.split(".")[0]) for name in house.files}
    return [f"{a} imports {b}" for a, others in house.imports().items() for b in others if floor[a] < floor[b]]


def levels(house: House, package: str) -> dict[str, int]:
    """Return how high each entry at the root of a package lies on those that it imports."""
    graph = {a: {b for b in others if b.startswith(package + ".")}
             for a, others in rooms(house.imports()).items() if a.startswith(package + ".")}  # fmt: skip
    found: dict[str, int] = {}
    while len(found) < len(graph):
        found |= {a: 1 + max((found[b] for b in others), default=0)
                  for a, others in graph.items() if all(b in found for b in others)}  # fmt: skip
    return found


def long_functions(house: House) -> list[str]:
    """Return the functions with too many lines; kernels, compiled functions, may have more than others."""
    found = []
    for name, tree in house.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                marks = {n.id for mark in node.decorator_list for n in ast.walk(mark) if isinstance(n, ast.Name)}
                lines = node.end_lineno - node.lineno + 1
                if lines > (LONGEST_KERNEL if marks & KERNELS else LONGEST):
                    found.append(f"{name}.{node.name}: {lines} lines")
    return found


def defined(tree: ast.Module) -> set[str]:
    """Return the names that a module binds at its top."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def untyped(house: House) -> list[str]:
    """Return what a type checker misses: `py.typed`, a stub, or a name that `__all__` has and no module behind it."""
    found = []
    for floor in FLOORS:
        if not (house.files[floor].parent / "py.typed").exists():
            found.append(f"{floor}: no py.typed")
        if floor == "dwcore":  # has no public names of its own
            continue
        exports = house.exports(floor)
        found += [f"{floor}: {name} is not in {module}" for name, module in exports.items()
                  if module not in house.trees or name not in defined(house.trees[module])]  # fmt: skip
        stub = house.files[floor].with_suffix(".pyi")
        text = stub.read_text(encoding="utf-8") if stub.exists() else ""
        listed = [node.value for node in ast.parse(text).body
                  if isinstance(node, ast.Assign) and node.targets[0].id == "__all__"]  # fmt: skip
        if not listed or not exports:
            found.append(f"{floor}: no stub with __all__")
        elif set(ast.literal_eval(listed[0])) != set(exports):
            found.append(f"{floor}: __all__ differs from what the stub imports")
    return found


def loose_files(house: House) -> list[str]:
    """Return modules at the root of packages that have rooms only."""
    return [name for name, path in house.files.items()
            if path.name != "__init__.py" and path.parent.name in FLAT_ROOTS and name.count(".") == 1]  # fmt: skip


@pytest.fixture(scope="module")
def house() -> House:
    """The real one."""
    found = House.at(ROOT)
    assert len(found.files) > 200
    return found


def test_imports_run_down(house):
    assert imports_up(house) == []


def test_no_circle_of_files_or_folders(house):
    graph = house.imports()
    assert sum(map(len, graph.values())) > 500
    assert circles(graph) == []
    assert circles(rooms(graph)) == []


def test_the_plan_of_llg_shows_at_a_glance(house):
    found = levels(house, "llg")
    assert len(found) <= LLG_ENTRIES, sorted(found)
    assert max(found.values()) <= LLG_LEVELS, found


def test_functions_are_short(house):
    assert long_functions(house) == []


def test_packages_are_typed(house):
    assert untyped(house) == []


def test_packages_of_rooms_have_no_loose_files(house):
    assert loose_files(house) == []


def test_tests_stand_in_the_rooms_of_their_subject():
    """A folder of tests/<package> is a room of the package, and every room of science has its tests."""
    rooms = {f"{floor}/{room.parent.name}" for floor in FLOORS for room in (ROOT / floor).glob("*/__init__.py")}
    tested = {str(test.parent.relative_to(ROOT / "tests")) for test in (ROOT / "tests").rglob("test_*.py")}
    assert tested - rooms <= {*FLOORS, "cli", "properties"}
    assert rooms - tested <= {"dwsynapse/commands", "arraysim/inference", "arraysim/drawing", "compact/forms"}


def unguarded(tests: Path) -> list[str]:
    """Return test files that import a package of an extra, which an installation for the tests need not have."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = {name: {line.lower() for line in re.findall(r"^[\w-]+", text, re.MULTILINE)}
              for name, text in setup["options.extras_require"].items()}  # fmt: skip
    absent = set().union(*extras.values()) - extras["test"]
    assert {"torch", "xarray", "pooch"} <= absent
    found = []
    for path in sorted(tests.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {name.partition(".")[0] for node in nodes
                 for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [a.name for a in node.names])}  # fmt: skip
        found += [f"{path.name}: {name}" for name in sorted(names & absent) if f'importorskip("{name}"' not in text]
    return found


def test_tests_skip_where_an_extra_is_not_installed(tmp_path):
    assert unguarded(ROOT / "tests") == []
    (tmp_path / "bare.py").write_text("import numpy\ndef f():\n    import xarray as x\nfrom torch.nn import Linear\n")
    (tmp_path / "sound.py").write_text('torch = pytest.importorskip("torch")\nfrom torch import nn\n')
    assert unguarded(tmp_path) == ["bare.py: torch", "bare.py: xarray"]


def made_up(tmp_path: Path, **files: str) -> House:
    """Return a house of small sound floors, with files added or replaced; `__` in a name stands for a slash."""
    sound = {f"{floor}__init": "" for floor in FLOORS}
    for name, text in (sound | files).items():
        path = tmp_path / (name.replace("__", "/").replace("/init", "/__init__") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for floor in FLOORS:
        (tmp_path / floor / "py.typed").touch()
        (tmp_path / floor / "__init__.pyi").write_text('from .room.law import law as law\n\n__all__ = ["law"]\n')
        room_of = tmp_path / floor / "room"
        room_of.mkdir(exist_ok=True)
        (room_of / "law.py").write_text("def law(): ...\n")
    return House.at(tmp_path)


def test_a_sound_house_breaks_no_rule(tmp_path):
    house = made_up(
        tmp_path, llg__a="import dwcore", compact__room__b="from llg import law", arraysim__room__c="import llg.a"
    )
    assert house.imports()["compact.room.b"] == {"llg.room.law"}
    assert house.imports()["arraysim.room.c"] == {"llg.a"}
    assert not any(rule(house) for rule in (imports_up, long_functions, untyped, loose_files))
    assert circles(house.imports()) == circles(rooms(house.imports())) == []


@pytest.mark.parametrize(
    "line",
    [
        "import compact.room.law",
        "from compact.room import law",
        "from compact import law",
        "def f():\n    from arraysim.room.law import law",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from compact.room.law import law",
    ],
)
def test_an_import_that_runs_up_is_found(tmp_path, line):
    assert len(imports_up(made_up(tmp_path, llg__a=line))) == 1


def test_circles_of_files_and_of_folders_are_found(tmp_path):
    files = {"llg__a__x": "import llg.b.y", "llg__b__y": "def f():\n    import llg.a.x"}
    assert circles(made_up(tmp_path, **files).imports()) == [{"llg.a.x", "llg.b.y"}]
    folders = {"llg__a__x": "import llg.b.y", "llg__b__y": "", "llg__b__z": "import llg.a.w", "llg__a__w": ""}
    graph = made_up(tmp_path / "folders", **folders).imports()
    assert circles(graph) == []
    assert circles(rooms(graph)) == [{"llg.a", "llg.b"}]


def test_a_tower_of_levels_is_found(tmp_path):
    tower = {f"llg__m{i}": f"import llg.m{i - 1}" if i else "" for i in range(9)}
    assert max(levels(made_up(tmp_path, **tower), "llg").values()) == 9


def test_long_functions_are_found(tmp_path):
    body = "\n    x = 1" * LONGEST
    kernel = f"@compiled(fastmath=True)\ndef k():{body}"
    house = made_up(tmp_path, llg__a=f"def f():{body}\n{kernel}\nclass C:\n    def short(self): ...")
    assert long_functions(house) == [f"llg.a.f: {LONGEST + 1} lines"]


def test_missing_types_are_found(tmp_path):
    house = made_up(tmp_path)
    (tmp_path / "llg/py.typed").unlink()
    (tmp_path / "compact/__init__.pyi").write_text('from .room.law import lex as lex\n\n__all__ = ["law"]\n')
    (tmp_path / "arraysim/__init__.pyi").unlink()
    assert [line.split(":")[0] for line in untyped(house)] == ["llg", "compact", "compact", "arraysim"]


def test_loose_files_are_found(tmp_path):
    house = made_up(tmp_path, compact__law="", llg__law="", arraysim__law="")
    assert sorted(loose_files(house)) == ["arraysim.law", "compact.law"]
