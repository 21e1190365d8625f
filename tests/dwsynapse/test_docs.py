"""The pages name files, modules and sections that exist, and keep their lines short."""

import importlib
import re
import shlex
from pathlib import Path

import pytest

from dwsynapse.command_line import build_parser
from dwsynapse.commands import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "benchmarks/README.md", ROOT / "data/SOURCES.md"]
)
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
PACKAGES = ("dwcore", "llg", "compact", "arraysim", "dwsynapse")
PATH = re.compile(r"\b(?:(?:dwcore|llg|compact|arraysim|dwsynapse|tests|benchmarks|docs|data)/)[\w./-]*\w")
DOTTED = re.compile(rf"`((?:{'|'.join(PACKAGES)})(?:\.[A-Za-z_][\w-]*)+)`")


def without_code(text: str) -> str:
    """Return a page without fenced and indented blocks."""
    return re.sub(r"^    .*$", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), flags=re.M)


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings of a page: small letters, digits and hyphens."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def resolve(name: str) -> object:
    """Import as much of a dotted name as is a module, look up the rest in it."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


@pytest.mark.parametrize("name", NAMES)
def test_short_lines(name):
    """At most 120 characters, in commands and formulas too; only a row of a table cannot be broken."""
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []


@pytest.mark.parametrize("name", NAMES)
def test_links_lead_somewhere(name):
    page = ROOT / name
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text(encoding="utf-8"))):
        if "://" in target:
            continue
        file, _, section = target.partition("#")
        goal = (page.parent / file).resolve() if file else page
        assert goal.exists(), target
        assert not section or section in anchors(goal), target


@pytest.mark.parametrize("name", [name for name in NAMES if name != "CHANGELOG.md"])  # it names what is gone, too
def test_files_and_modules_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    schemas = re.findall(r"^## `(.+?)`", (ROOT / "docs/file-formats.md").read_text(encoding="utf-8"), flags=re.M)
    missing = []
    for path in re.findall(r"`([^`\n]+)`", without_code(text)):
        missing += [found for found in PATH.findall(path) if path.startswith(found) and not (ROOT / found).exists()]
    for dotted in set(DOTTED.findall(text)) - set(schemas):
        try:
            resolve(dotted)
        except (AttributeError, ModuleNotFoundError):
            missing.append(dotted)
    assert missing == []


def test_the_check_finds_what_is_missing():
    with pytest.raises(AttributeError):
        resolve("dwcore.errors.no_such_error")
    assert DOTTED.findall("see `llg.no.such`") == ["llg.no.such"] and "the-file" in anchors(
        ROOT / "docs/theory-periphery.md"
    )


def test_every_page_is_in_the_list_of_pages():
    listed = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    assert [page.name for page in ROOT.glob("docs/*.md") if page.name != "index.md" and page.name not in listed] == []


def test_every_page_and_command_is_on_the_site():
    """A page that is in no table of contents cannot be reached; a command without its help is not documented."""
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    trees = set(re.findall(r"^[\w/-]+$", "".join(re.findall(r"```\{toctree\}(.*?)```", index, re.S)), re.M))
    pages = {
        str(p.relative_to(ROOT / "docs"))[:-3] for p in [*ROOT.glob("docs/*.md"), *ROOT.glob("docs/tutorials/*.md")]
    }
    assert pages - {"index"} == trees
    helps = re.findall(r"^```\{command-help\} (\w+)$", (ROOT / "docs/commands.md").read_text(encoding="utf-8"), re.M)
    assert sorted(helps) == sorted(COMMANDS)


def test_every_room_is_in_the_plan():
    plan = (ROOT / "docs/house.md").read_text(encoding="utf-8")
    rooms = {f"{init.parent.relative_to(ROOT)}/" for name in PACKAGES for init in ROOT.glob(f"{name}/**/__init__.py")}
    assert {room for room in rooms if f"| `{room}` |" not in plan} == set()


def test_figures_of_the_summary_are_those_of_the_pages():
    """Each number in the column `agreement` stands on the page that its row links to."""
    rows = re.findall(
        r"^\| .+? \| (.+?) \| \[.+?\]\((.+?\.md)#.+?\) \|",
        (ROOT / "docs/validation.md").read_text(encoding="utf-8"),
        re.M,
    )
    assert len(rows) > 15
    for agreement, page in rows:
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert [number for number in re.findall(r"\d+\.\d+", agreement) if number not in text] == [], agreement


def commands_of(page: str) -> list[list[str]]:
    """Return the command lines in the blocks of a page, as words after `dwsynapse`; those with shell variables left out."""
    lines = re.findall(r"^(?: {4,})?dwsynapse (.*)$", page.replace("\\\n", " "), flags=re.M)
    plain = (re.sub(r"\[--.*", "", line.partition(" #")[0]) for line in lines)
    return [shlex.split(line) for line in plain if "$" not in line]


@pytest.mark.parametrize("name", NAMES)
def test_commands_are_understood(name):
    """Each command line of a page has options and settings that exist."""
    for words in commands_of((ROOT / name).read_text(encoding="utf-8")):
        assert build_parser(words[0]).parse_args(words).command == words[0]


def test_commands_are_found():
    assert commands_of("    dwsynapse rates five_state  # wells\n") == [["rates", "five_state"]]
    assert sum(len(commands_of((ROOT / name).read_text(encoding="utf-8"))) for name in NAMES) > 50


def test_options_in_the_text_exist():
    """An option in a span of code belongs to the command named there, or to some command."""
    options = {}
    for name in COMMANDS:
        commands = next(action for action in build_parser(name)._actions if action.dest == "command")
        options[name] = {word for action in commands.choices[name]._actions for word in action.option_strings}
    every = set().union(*options.values())
    wrong = []
    for name in NAMES:
        for span in re.findall(r"`([^`\n]+)`", without_code((ROOT / name).read_text(encoding="utf-8"))):
            known = options.get(span.split()[1], every) if span.startswith("dwsynapse ") else every
            if "benchmarks" not in span and "pip" not in span:
                wrong += [(name, span) for word in re.findall(r"(?<![\w-])--[a-z][\w-]*", span) if word not in known]
    assert {span for _, span in wrong} <= {"--comparator 3.4", "--processor-time"}  # of benchmarks
