"""`dwsynapse merge`: one transition table from the shards of a sweep."""

import argparse

from dwsynapse.options import add_common, emit, path, writable_hdf5


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("files", nargs="+", type=path, metavar="FILE", help="files of `dwsynapse sweep --shard`")
    add_common(parser, output="write the table to this HDF5 file", seed=False)


def run(arguments: argparse.Namespace) -> None:
    """Put the files of shards together."""
    from compact.bulk.gather import merge
    from dwcore.errors import InputError
    from dwsynapse.commands.sweep import summary

    if arguments.out is None:
        raise InputError("merge: needs -o FILE to write the table to")
    writable_hdf5(arguments.out, arguments.force)
    plan, table = merge(arguments.files, arguments.out, force=arguments.force)
    emit(arguments, *summary(arguments.out, table, plan.reference_temperature))
