"""What a network gains from each design: accuracy and energy of the training, through the quick chain."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dwcore.errors import RunError
from dwcore.storage.atomic import clear_abandoned
from dwcore.storage.lock import lock_file
from dwsynapse.design.verification import Verified
from dwsynapse.front import Trained


def through_the_chain(folder: Path, offered: Sequence[Verified], seed: int, jobs: int | None) -> Trained:
    """Carry each design through the quick chain into a folder of its own; return accuracy and energy of each.

    One that no network can be trained with has ``failed``, the reason, instead of them.
    """
    from dwsynapse.chain.chain import run

    rows, failed = [], []
    for number, verified in enumerate(offered, 1):
        try:
            summary = run(
                verified.device, out=folder / f"design_{number}", seed=seed, quick=True, jobs=jobs, force=True
            )
        except RunError as error:
            rows.append((np.nan,) * 3)
            failed.append(str(error))
            continue
        accuracy = summary["accuracy"]
        rows.append((accuracy["on_chip_test"], accuracy["float32_test"], summary["energy_J"]))
        failed.append("")
    on_chip, float32, energy = np.array(rows).T
    return Trained(test_accuracy=on_chip, float32_test_accuracy=float32, energy=energy, failed=np.array(failed))


def clear_networks(folder: Path) -> None:
    """Remove what the chain, also a killed one, has left in folders of designs; one that holds something else stays with it."""
    from dwsynapse.chain.chain import WRITTEN

    for one in folder.iterdir():
        if one.is_dir() and re.fullmatch(r"design_\d+", one.name):
            for file in (one / name for name in WRITTEN):
                clear_abandoned(file)
                for left in filter(Path.is_file, (file, lock_file(file))):
                    left.unlink()
            with contextlib.suppress(OSError):  # is not empty
                one.rmdir()
