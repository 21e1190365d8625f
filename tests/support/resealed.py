"""Sealed files whose content was changed before they were sealed: what only the rules of their kind can refuse."""

from dwcore.storage import files

SMALL_SWEEP = ["sweep", "five_state", "--instances", "2"]
"""The command of a small sweep, to which currents and more are added."""


def content(path) -> str:
    """Return the hash of what a sound file holds, provenance apart."""
    with files.open_checked(path) as file:
        return files.text(file, "content_sha256")


def reseal(source, target, change) -> None:
    """Copy a sound file, change the copy by `change(file)` and seal it."""
    with files.open_checked(source) as old:
        origin = files.provenance(old)
        with files.create(target, origin["schema"], config=origin["config"], seed=origin["seed"], force=True) as new:
            for name in old:
                old.copy(name, new)
            change(new)


def replace(name, make, unit=None):
    """Return a change that puts `make(values)` in the place of a data set."""

    def change(file):
        values, kept = files.get(file, name), files.text(file[name], "unit")
        # HDF5 2.0 may fail to write what takes the place of something deleted, so that the new comes before.
        files.put(file, f"{name}_new", make(values), unit=unit or kept, long_name="changed")
        del file[name]
        file.move(f"{name}_new", name)

    return change


def remove(name):
    """Return a change that takes a data set or group out."""

    def change(file):
        del file[name]

    return change
