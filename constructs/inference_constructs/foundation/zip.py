"""Zip archives that are the same bytes on every machine."""

import zipfile
from collections.abc import Iterable
from io import BytesIO


def zipped(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return an archive of these names and contents, in this order: no dates, no compression, readable by everybody."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
