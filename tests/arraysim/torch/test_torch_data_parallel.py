"""Data parallelism of PyTorch over two processes: the arrays of both get the same pulses, those of one with all data."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="the extra torch is not installed")
if not torch.distributed.is_available():
    pytest.skip("this PyTorch has no torch.distributed", allow_module_level=True)

from arraysim import convert, ladder_law  # noqa: E402
from dwcore.errors import InputError  # noqa: E402

SCRIPT = """
import sys

import torch
import torch.distributed as dist
from arraysim import PulseOptimizer, convert, ladder_law
from torch.nn.parallel import DistributedDataParallel


def train(rank, processes, folder, sync):
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/store{processes}", rank=rank, world_size=processes)
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    chip = convert(model, ladder_law(states=5), program=False, seed=5)
    parallel, optimizer = DistributedDataParallel(chip, init_sync=sync), PulseOptimizer(chip, rate=0.5)
    data = torch.Generator().manual_seed(1)
    inputs, labels = torch.randn(8, 10, 16, generator=data), torch.randint(3, (8, 10), generator=data)
    for batch, wanted in zip(inputs, labels):
        part = slice(rank * 10 // processes, (rank + 1) * 10 // processes)
        torch.nn.functional.cross_entropy(parallel(batch[part]), wanted[part]).backward()
        optimizer.step()
    found = {"devices": chip.state_dict(), "weights": [chip[place].weight for place in (0, 2)]}
    torch.save(found, f"{folder}/{processes}_{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    folder, processes, sync = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "sync"
    torch.multiprocessing.spawn(train, (processes, folder, sync), nprocs=processes)
"""


def run(folder, processes: int, sync: str = "alone") -> subprocess.CompletedProcess:
    script = folder / "train.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), str(folder), str(processes), sync]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


def same(one, other) -> bool:
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def test_two_processes_train_the_same_chip(tmp_path):
    for processes in (1, 2):
        done = run(tmp_path, processes)
        assert done.returncode == 0, done.stderr
    alone, first, second = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("1_0", "2_0", "2_1"))
    assert same(first["devices"], second["devices"])
    for one, other in zip(alone["weights"], first["weights"], strict=True):
        assert (one != other).float().mean() < 0.05  # sums of halves are rounded otherwise, which may shift a pulse
    model = torch.nn.Sequential(torch.nn.Linear(16, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3))
    fresh = convert(model, ladder_law(states=5), program=False, seed=5).state_dict()
    assert not same(fresh, first["devices"])


def test_weights_that_are_sent_as_numbers_are_refused_with_the_way_out(tmp_path):
    done = run(tmp_path, 2, "sync")
    assert done.returncode != 0
    assert "init_sync=False" in done.stderr


def test_without_processes_the_message_is_about_other_writers():
    chip = convert(torch.nn.Linear(4, 2), ladder_law(states=5), program=False, seed=5)
    with torch.no_grad():
        next(chip.parameters()).mul_(2)
    with pytest.raises(InputError, match=r"written as numbers; use PulseOptimizer or write_verify$"):
        chip(torch.ones(1, 4))
