"""ZIP files with CSV in them, and the multipart bodies that bring them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

ZIP_HEADERS = {"Content-Type": "application/zip"}
_LONG_AGO = (2026, 1, 1, 0, 0, 0)  # the same bytes in each run
_FILE_PART = re.compile(rb'^content-disposition:.*\bname="?file"?(?:;|\s|$)', re.IGNORECASE | re.MULTILINE)


def zipped(name: str, rows: Iterable[Sequence[str]]) -> bytes:
    """A ZIP file with one CSV file in it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        archive.writestr(ZipInfo(name, _LONG_AGO), text.getvalue().encode())
    return packed.getvalue()


def unzipped(packed: bytes) -> dict[str, list[list[str]]]:
    """The rows of each CSV file. Raises ValueError for what is none."""
    try:
        with ZipFile(io.BytesIO(packed)) as archive:
            texts = {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}
    except BadZipFile as error:
        raise ValueError(str(error)) from None
    return {name: list(csv.reader(io.StringIO(text))) for name, text in texts.items()}


def uploaded(body: bytes, content_type: str) -> bytes | None:
    """The part `file` of a multipart body."""
    found = re.search(r'boundary="?([^";]+)"?', content_type)
    if found is None:
        return None
    for part in body.split(b"--" + found[1].encode()):
        head, _, content = part.partition(b"\r\n\r\n")
        if _FILE_PART.search(head):
            return content.removesuffix(b"\r\n")
    return None
