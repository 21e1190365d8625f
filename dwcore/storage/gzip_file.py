"""Files that may be compressed by gzip, read no further than a limit: what unpacks to too much is refused before it fills
the memory, and a small file takes little of it."""

import gzip
import io
import os
import zlib

from dwcore.errors import InputError

_MAGIC = b"\x1f\x8b"
_BLOCK = 1 << 20


def read_packed(path: str | os.PathLike, most: int) -> bytes:
    """Return the content of a file, unpacked if it is compressed, whatever its name.

    Args:
        path: the file.
        most: largest content [bytes].

    Raises:
        InputError: there is no such file, it is damaged, or it holds more.
    """
    content = io.BytesIO()
    try:
        if not os.path.isfile(path):  # a pipe would wait for ever
            raise InputError(f"{path}: {'is not a regular file' if os.path.exists(path) else 'no such file'}")
        with open(path, "rb") as stream:
            packed = stream.read(len(_MAGIC)) == _MAGIC
            stream.seek(0)
            source = gzip.GzipFile(fileobj=stream) if packed else stream
            while block := source.read(_BLOCK):  # one read of `most` would take its memory at once
                content.write(block)
                if content.tell() > most:
                    raise InputError(f"{path}: holds more than {most} bytes")
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InputError(f"{path}: truncated or damaged gzip file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    return content.getvalue()
