"""The journal of a search: goes on after any end, and refuses what another search, version or hand has written."""

import dataclasses
import functools
import json
import math

import numpy as np
import pytest

from compact.bulk.local import run_threads
from dwcore.errors import InputError
from dwsynapse.design import outcome
from dwsynapse.design.journal import VERSION, Journal
from dwsynapse.design.search import front, search
from dwsynapse.design.trial import Trial
from dwsynapse.design.verification import Verified, verify

ONE, TWO = (functools.partial(run_threads, jobs=jobs) for jobs in (1, 2))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "trials.jsonl"


def test_a_search_depends_on_the_seed_alone_and_goes_on(specification, path):
    spec = specification()
    whole = search(spec, seed=3, runner=ONE, journal=Journal(path, spec, 3))
    assert sum(trial.pulses for trial in whole) >= 12_000 and front(spec, whole)
    text = path.read_text()
    path.write_text(text[: 2 * len(text) // 3])  # killed within a line
    assert search(spec, seed=3, runner=TWO, journal=Journal(path, spec, 3, resume=True)) == whole
    assert sorted(path.read_text().split("\n")) == sorted(text.split("\n"))
    with pytest.raises(InputError, match="belongs to another search, of another seed; --force starts anew"):
        Journal(path, spec, 4, resume=True)
    path.write_text(text[:40])  # killed within its first line
    assert Journal(path, spec, 3, resume=True).known == {} and path.read_text() == text[: text.index("\n") + 1]


@pytest.fixture
def counted(monkeypatch):
    """The trials that are verified, which go on being verified as they are."""
    seen = []

    def verified(spec, trial, **how):
        seen.append(trial)
        return verify(spec, trial, **how)

    monkeypatch.setattr(outcome, "verify", verified)
    return seen


def test_what_was_verified_is_not_verified_again(specification, path, counted):
    """Killed after the first of two verifications: the second alone is left, and all is the same, bit for bit."""
    spec = specification(
        "designs = 1", "designs = 2", "barrier = 40", 'barrier = 40\none_step = 0.9\nretention = "1 s"'
    )
    figures = {"energy": 1e-14, "area": 1e-13, "retention": math.inf}
    trials = [Trial(x=x, figures=figures, misses={}, pulses=500) for x in ((0.33, 0.5, 0.5), (0.33, 0.5, 0.6))]
    whole = outcome._offered(spec, trials, 3, ONE, 1, Journal(path, spec, 3))
    assert len(counted) == len(whole[1]) + len(whole[2]) == 2
    lines = path.read_text().split("\n")
    path.write_text("\n".join(lines[:2]) + "\n" + lines[2][:100])  # killed within the line of the second
    again = outcome._offered(spec, trials, 3, TWO, 2, Journal(path, spec, 3, resume=True))
    assert again == whole and len(counted) == 3 and counted[2] == counted[1]
    assert path.read_text().split("\n") == lines
    assert outcome._offered(spec, trials, 3, ONE, 1, Journal(path, spec, 3, resume=True)) == whole and len(counted) == 3


def test_a_verification_is_told_word_for_word(specification):
    """Verdicts on what is unknown have NaN; what is infinite stays so."""
    spec = specification("barrier = 40", 'barrier = 60\nretention = "1 s"')
    trial = Trial(
        x=tuple(spec.begin()), figures={"energy": 1e-14, "contrast": math.inf}, misses={"barrier": 0.1}, pulses=7
    )
    verified = verify(spec, trial, seed=1, runner=TWO)
    told = json.loads(json.dumps(verified.content()))
    assert Verified.of(spec, told) == verified and not verified.holds
    unknown = dataclasses.replace(verified.verdicts[0], value=math.nan)
    again = Verified.of(spec, json.loads(json.dumps(dataclasses.replace(verified, verdicts=(unknown,)).content())))
    assert np.isnan(again.verdicts[0].value) and again.verdicts[0].name == unknown.name


def test_a_journal_of_another_version_is_refused(specification, path, monkeypatch):
    """Also one from before versions were kept; and a file that is no journal. Nothing of it is lost."""
    spec = specification()
    Journal(path, spec, 3).put(0, {"x": [0.5]})
    text = path.read_text()
    head = json.loads(text.split("\n")[0])
    old = "\n".join([json.dumps({name: head[name] for name in ("specification", "seed")}), *text.split("\n")[1:]])
    for content, words in ((old, f"version 1 of the search, and this is {VERSION} of dwsynapse"),
                           ("[1]\n", "another search, or to none"), ("a,b\n1,2\n", "another search, or to none")):  # fmt: skip
        path.write_text(content)
        with pytest.raises(InputError, match=words):
            Journal(path, spec, 3, resume=True)
        assert path.read_text() == content
    path.write_text(text)
    assert Journal(path, spec, 3, resume=True).known == {0: {"x": [0.5]}}
    with monkeypatch.context() as other:
        other.setattr("dwsynapse.design.journal.VERSION", VERSION + 1)
        with pytest.raises(InputError, match=f"version {VERSION} of .* of the search, and this is {VERSION + 1} of"):
            Journal(path, spec, 3, resume=True)
    monkeypatch.setattr("dwsynapse.design.journal.versions", lambda: {"dwsynapse": "9.9"})
    with pytest.raises(InputError, match=f"of the search, and this is {VERSION} of dwsynapse 9.9"):
        Journal(path, spec, 3, resume=True)


def test_a_journal_that_was_changed_is_refused_with_its_line(specification, path):
    """Whatever was changed: a figure, a cell that is no JSON, bytes that are no text; the last line may be cut off."""
    spec = specification()
    kept = Journal(path, spec, 1)
    for number in (0, 1, 2):
        kept.put(number, {"x": [0.1 * number, 0.5], "figures": {"energy": 1e-14, "retention": math.inf}})
    sound = path.read_bytes()
    for cut in (0, 5, len(sound.split(b"\n")[3]) + 1):
        path.write_bytes(sound[: len(sound) - cut])
        again = Journal(path, spec, 1, resume=True).known
        assert again == {k: v for k, v in kept.known.items() if k < (3 if cut == 0 else 2)}
    lines = sound.split(b"\n")
    for changed in (
        lines[2].replace(b"1e-14", b"1e-15"),
        b"{",
        b"[" * 100_000,
        b"\xff\xfe",
        b"",
        lines[2][:-30] + b'"]',
        lines[3][1:],
    ):
        path.write_bytes(b"\n".join([*lines[:2], changed, *lines[3:]]))
        with pytest.raises(InputError, match=r"trials\.jsonl: line 3 is damaged; --force starts anew"):
            Journal(path, spec, 1, resume=True)
    Journal(path.with_name("other.jsonl"), spec, 2).put(1, kept.known[1])
    stranger = path.with_name("other.jsonl").read_bytes().split(b"\n")[1]
    path.write_bytes(b"\n".join([*lines[:2], stranger, *lines[3:]]))
    with pytest.raises(InputError, match="line 3 is damaged"):
        Journal(path, spec, 1, resume=True)
    path.write_bytes(b"\xff" + sound)
    with pytest.raises(InputError, match="belongs to another search"):
        Journal(path, spec, 1, resume=True)
