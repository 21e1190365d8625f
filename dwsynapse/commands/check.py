"""`dwsynapse check`: is a file right, and where does it strain the model."""

import argparse

from dwsynapse.options import add_common, emit, path


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument(
        "file",
        metavar="FILE|NAME",
        type=path,
        help="a TOML file of any kind, an HDF5 file of this program, or a shipped device, synapse, recipe or network",
    )
    add_common(parser, seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Check a file as the command that takes it would."""
    from dwsynapse.toml_files import check, is_toml_or_name

    if is_toml_or_name(arguments.file):
        result = check(arguments.file)
    else:
        from dwsynapse.about import info

        result = info(arguments.file, check=True)
    first, *more = result["says" if "says" in result else "checked"]
    emit(arguments, result, [f"{arguments.file}: right; {first}", *(f"  {words}" for words in more)])
