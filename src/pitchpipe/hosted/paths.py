"""Names of a service as names of folders: no id leads out of the folder that it is given."""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 120
"""Characters of a folder's name; longer ones are cut, and end in a digest."""

_SAFE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*")
_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


def folder_name(text: str) -> str:
    """The name of a folder for an id, another for every id.

    Ids of letters, digits, ``-``, ``_`` and ``.`` that do not begin with a dot stay as they are;
    of others every other sign becomes ``%`` and two hexadecimal digits for each of its bytes.
    """
    if _SAFE.fullmatch(text) and len(text) <= MAX_NAME:
        return text
    name = "".join(
        sign if sign in _PLAIN and not (sign == "." and place == 0) else _escaped(sign)
        for place, sign in enumerate(text)
    )
    if len(name) <= MAX_NAME:
        return name or "%"
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    # no other name has a "~"
    return f"{name[: MAX_NAME - 65]}~{digest}"


def _escaped(sign: str) -> str:
    return "".join(f"%{byte:02X}" for byte in sign.encode("utf-8", "surrogatepass"))
