"""`dwsynapse bench`: what this machine does per second."""

import argparse

from dwsynapse.options import si


def declare(parser: argparse.ArgumentParser) -> None:
    """Declare the options; nothing heavy is imported before the command runs."""
    parser.add_argument("--seconds", type=si("s"), default=2.0, metavar="TIME", help="per measurement (default 2)")
    parser.add_argument("--json", action="store_true", help="print the object on one line")


def run(arguments: argparse.Namespace) -> None:
    """Measure this machine and print one JSON object."""
    import json

    from dwsynapse.benchmark import bench

    print(json.dumps(bench(seconds=arguments.seconds), indent=None if arguments.json else 2))
