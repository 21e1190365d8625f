"""What a release says of itself agrees: version in code, changelog and citation; the founding paper in both citations."""

import re
from pathlib import Path

import dwcore

ROOT = Path(__file__).parents[2]
CITATION, BIB, CHANGES = (
    (ROOT / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "dwsynapse.bib", "CHANGELOG.md")
)


def of_citation(key: str) -> str:
    """Return the first value of a key of CITATION.cff."""
    return re.search(rf"^ *{key}: \"?(.+?)\"?$", CITATION, flags=re.M)[1]


def of_bib(entry: str, key: str) -> str:
    """Return a field of an entry of the .bib."""
    whole = re.search(rf"@\w+\{{{entry},(.*?)^\}}", BIB, flags=re.M | re.S)[1]
    return re.search(rf"^ *{key} *= \{{(.+)\}},?$", whole, flags=re.M)[1]


def test_one_version():
    assert of_citation("version") == of_bib("dwsynapse", "version") == dwcore.__version__


def test_the_changelog_has_a_part_for_the_version_or_for_the_next_one():
    parts = re.findall(r"^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$", CHANGES, flags=re.M)
    newest = [part for part in parts if part[0] != "Unreleased"][:1]
    assert not newest or (newest[0][0] == dwcore.__version__ and newest[0][1] == of_citation("date-released"))


def test_the_founding_paper_is_cited_alike():
    names = re.findall(r"family-names: (\w+)", CITATION)
    assert names == [author.split(",")[0] for author in of_bib("dhull2025quantized", "author").split(" and ")]
    reference = CITATION.partition("references:")[2]
    for key, same in (("title", "title"), ("journal", "journal"), ("volume", "volume"), ("issue", "number"),
                      ("start", "pages"), ("year", "year")):  # fmt: skip
        assert re.search(rf"^ +{key}: \"?(.+?)\"?$", reference, flags=re.M)[1] == of_bib("dhull2025quantized", same)
