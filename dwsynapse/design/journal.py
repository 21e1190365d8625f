"""The journal of a search of designs: each trial and each verification, kept in a file as it is finished.

The file is a text of one JSON value per line, the first of which says what it belongs to; all others are lists of what
is kept, its content and a hash of that and of the first line. What killed or interrupted searches have finished is
read again, so that they go on where they were.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from dwcore.errors import InputError
from dwcore.storage.provenance import canonical_json, versions
from dwsynapse.design.specification import Specification

VERSION = 5
"""Of the search: raised with every change of what is looked at and of what a look or a verification finds, so that no
journal goes on with designs that were drawn in another way."""


class Journal:
    """What a search has finished, by its number, verifications by ``"verified NUMBER"``.

    Args:
        path: the file; None keeps it in memory.
        spec: the specification of the search.
        seed: its root seed.
        resume: go on with what the file holds.

    Raises:
        InputError: it belongs to another search or to another version, or a line of it is damaged.
    """

    def __init__(self, path: Path | None, spec: Specification, seed: int, *, resume: bool = False):
        self.path, self.known = path, dict[int | str, dict[str, Any]]()
        config = {
            "search": f"{VERSION} of dwsynapse {versions()['dwsynapse']}",
            "specification": spec.config(),
            "seed": seed,
        }
        self._head = canonical_json(config)
        if path is None:
            return
        if resume and path.exists() and (size := path.read_bytes().rfind(b"\n") + 1):
            lines = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
            _compare(path, lines[0], json.loads(self._head))
            for i, line in enumerate(lines[1:], 2):
                text = f"{line.rpartition(', ')[0]}]"
                if self._sealed(text) != line:
                    raise InputError(f"{path}: line {i} is damaged; --force starts anew")
                name, content = json.loads(text)
                self.known[name] = content
            os.truncate(path, size)  # what follows the last end of a line is unfinished
        else:
            path.write_text(f"{self._head}\n", encoding="utf-8")

    def put(self, name: int | str, content: dict[str, Any]) -> None:
        """Keep what is finished, plain numbers and texts."""
        text = json.dumps([name, content])
        self.known[name] = json.loads(text)[1]
        if self.path is not None:
            with open(self.path, "a", encoding="utf-8") as file:
                file.write(self._sealed(text) + "\n")
                file.flush()
                os.fsync(file.fileno())

    def _sealed(self, text: str) -> str:
        """Return a list in JSON with one more entry, the hash of it and of what the journal belongs to."""
        return f'{text[:-1]}, "{hashlib.sha256((self._head + text).encode()).hexdigest()[:16]}"]'


def _compare(path: Path, head: str, config: dict[str, Any]) -> None:
    """Refuse the journal of another search, which its first line tells."""
    try:
        begun = json.loads(head)
    except (ValueError, RecursionError):
        begun = None
    if not isinstance(begun, dict):
        raise InputError(f"{path}: belongs to another search, or to none; --force starts anew")
    if (version := begun.get("search", 1)) != config["search"]:
        raise InputError(f"{path}: was begun by version {version} of the search, and this is {config['search']}, which may "
                         "find other designs; --force starts anew")  # fmt: skip
    if different := [name for name in config if config[name] != begun.get(name)]:
        raise InputError(
            f"{path}: belongs to another search, of another {' and '.join(different)}; --force starts anew"
        )
