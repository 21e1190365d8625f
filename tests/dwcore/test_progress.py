"""What a long job says on the way, and to whom."""

import pytest

from dwcore import progress


@pytest.fixture
def watched(monkeypatch):
    """As if stderr were a terminal; the clock stands until it is set."""
    clock = [50.0]
    monkeypatch.setattr(progress, "is_shown", lambda: True)
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    return clock


def test_a_job_is_announced_if_it_is_worth_it(watched, capsys):
    progress.announce("training", progress.WORTH_SAYING - 0.1)
    assert capsys.readouterr().err == ""
    progress.announce("training", 90.0, processes=3, disk=3e9)
    said = capsys.readouterr().err
    assert said.startswith("training: about 1 min 30 s, ") and said.endswith("of memory, 2.79 GiB on disk\n")


def test_nothing_is_said_where_nobody_watches(monkeypatch, capsys):
    monkeypatch.setattr(progress, "is_shown", lambda: False)
    progress.announce("training", 1e6)
    with progress.bar(10, "training", "epoch") as advance:
        advance(1, "0.9")
    assert capsys.readouterr() == ("", "")


def test_memory_is_that_of_all_processes(watched, capsys, monkeypatch):
    monkeypatch.setattr(progress.resource, "getrusage", lambda who: type("Usage", (), {"ru_maxrss": 2**20}))
    monkeypatch.setattr(progress.sys, "platform", "linux")
    progress.announce("training", 60.0, processes=3)
    assert "3.00 GiB of memory" in capsys.readouterr().err
    monkeypatch.setattr(progress.sys, "platform", "darwin")  # says bytes, not kilobytes
    progress.announce("training", 60.0, processes=2)
    assert "2 MiB of memory" in capsys.readouterr().err


@pytest.mark.parametrize("announced", [False, True])
def test_the_first_second_tells_how_long_the_rest_takes(watched, monkeypatch, announced):
    """Two of eight epochs in two seconds leave six seconds; what was done before does not count, and it is said once."""
    told = []
    monkeypatch.setattr(progress, "announce", lambda what, seconds, **more: told.append((what, seconds, more)))
    with progress.bar(10, "training", "epoch", initial=2, disk=7.0, announced=announced) as advance:
        watched[0] += 0.9
        advance(1)
        watched[0] += 1.1
        advance(1, "0.93")
        watched[0] += 5.0
        advance(1)
    assert told == ([] if announced else [("training", pytest.approx(6.0), {"disk": 7.0})])
