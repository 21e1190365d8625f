"""Blocks of work shared among threads: each is done once, by whoever is free, and errors come out."""

import threading

import numpy as np
import pytest

from dwcore.numerics.threads import array_threads, for_each_block, thread_count, use_array_threads, workers


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_every_block_is_done_once_and_errors_come_out(jobs):
    done = np.zeros(50, np.int64)

    def work(block):
        done[block] += 1

    with workers(jobs):
        for_each_block(work, done.size)
        for wrong in range(7):  # whichever thread meets it
            with pytest.raises(ZeroDivisionError):
                for_each_block(lambda block, wrong=wrong: 1 // (block - wrong), 7)
        for_each_block(work, done.size)
    assert np.all(done == 2)


def test_this_thread_and_its_workers_take_blocks():
    both = threading.Barrier(2, timeout=60)
    names = set()

    def work(block):
        both.wait()  # nobody passes alone
        names.add(threading.current_thread().name)

    with workers(2):
        for_each_block(work, 2)
    assert threading.current_thread().name in names
    assert len(names) == 2


def test_after_an_error_no_further_block_begins():
    begun = []

    def work(block):
        begun.append(block)
        raise ValueError(block)

    with workers(2), pytest.raises(ValueError):
        for_each_block(work, 1000)
    assert len(begun) <= 2


def counted(done, row):
    """Count a block of its own for every place of a row."""

    def work(block):
        done[row, block] += 1

    for_each_block(work, done.shape[1])


def test_blocks_of_blocks_do_not_wait_for_each_other():
    done = np.zeros((4, 5), np.int64)
    with workers(2):
        for _ in range(2):
            for_each_block(lambda row: counted(done, row), len(done))
    assert np.all(done == 2)


def test_threads_of_an_outer_program_share_workers():
    done = np.zeros((3, 40), np.int64)
    with workers(2):
        threads = [threading.Thread(target=counted, args=(done, row)) for row in range(len(done))]
        for one in threads:
            one.start()
        for one in threads:
            one.join(60)
    assert np.all(done == 1)


def test_numbers_of_threads_are_those_that_were_asked_for(monkeypatch):
    """Of arrays the innermost; without a word all processors, or one where their number is not known."""
    monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", 5)
    assert array_threads() == 5
    with use_array_threads(3):
        with use_array_threads(2):
            assert array_threads() == 2
        assert array_threads() == 3
    assert array_threads() == 5
    for processors, count in ((6, 6), (None, 1)):
        monkeypatch.setattr("os.cpu_count", lambda processors=processors: processors)
        assert (thread_count(), thread_count(4)) == (count, 4)
