"""`dwsynapse check`: is a file right, and where does it strain the model."""

import argparse

from dwsynapse.options import add_common, emit, path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument(
        "file",
        metavar="FILE",
        type=path,
        help="a device, network, periphery, chip, synapse or design (TOML), a shipped device or synapse, or an HDF5 "
        "file of this program",
    )
    add_common(parser, seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Check a file as the command that takes it would."""
    shipped = not arguments.file.suffix and not arguments.file.exists()
    if arguments.file.suffix == ".toml" or shipped:
        from dwsynapse.toml_files import check

        result = check(arguments.file)
    else:
        from dwsynapse.about import info

        result = info(arguments.file, check=True)
    first, *more = result["says" if "says" in result else "checked"]
    emit(arguments, result, [f"{arguments.file}: right; {first}", *(f"  {words}" for words in more)])
