"""Download of data sets with checked hashes, through pooch (extra `download`)."""

from pathlib import Path

from dwcore.errors import InputError, RunError

# The hashes are those that the publishers or, for MNIST, its mirrors state.
_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
SOURCES = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        dict(
            zip(
                _IDX,
                (
                    "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873",
                    "md5:d53e105ee54ea40749a09fcbcd1e9432",
                    "md5:9fb629c4189551a2d022fa330f9573f3",
                    "md5:ec29112dd5afa0611ce80d1b7f02629c",
                ),
                strict=True,
            )
        ),
    ),
    "fashion-mnist": (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        dict(
            zip(
                _IDX,
                (
                    "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                    "md5:25c81989df183df01b3e8a0aad5dffbe",
                    "md5:bef4ecab320f06d8554ea6380940ec79",
                    "md5:bb300cfdad3c16e7a12a480ee83cd310",
                ),
                strict=True,
            )
        ),
    ),
    "cifar10": (
        "https://www.cs.toronto.edu/~kriz/",
        {"cifar-10-binary.tar.gz": "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
    ),
}
"""Data set -> (address, file -> hash)."""


def fetch(name: str, folder: Path, *, base: str | None = None, hashes: dict[str, str] | None = None) -> None:
    """Download the files of a data set that are not there yet, each checked against its hash.

    Args:
        name: data set, one of ``SOURCES``.
        folder: where the files go; made if need be.
        base: another address, a mirror.
        hashes: other files and hashes, of a mirror.

    Raises:
        InputError: the data set cannot be downloaded, or pooch is not installed.
        RunError: the download failed, or a file is not what it should be.
    """
    if name not in SOURCES:
        raise InputError(f'data set "{name}" cannot be downloaded; those that can: {", ".join(SOURCES)}')
    try:
        import pooch
    except ImportError:
        raise InputError("a download needs the extra: pip install 'dwsynapse[download]'") from None
    address, known = SOURCES[name]
    registry = known if hashes is None else hashes
    store = pooch.create(path=folder, base_url=address if base is None else base, registry=registry)
    for file in registry:
        unpack = pooch.Untar(extract_dir=".") if file.endswith(".tar.gz") else None
        try:
            store.fetch(file, processor=unpack)
        except Exception as error:  # whatever the network or the disk did
            raise RunError(f"{address if base is None else base}{file}: download failed: {error}") from None
