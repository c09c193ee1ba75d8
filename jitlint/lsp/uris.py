"""Files and their URIs."""

from __future__ import annotations

import os
from urllib.parse import quote, unquote, urlsplit


def to_path(uri: str) -> str:
    """The absolute path of a ``file:`` URI; '' for any other."""
    parts = urlsplit(uri)
    if parts.scheme != "file":
        return ""
    path = unquote(parts.path)
    if os.name == "nt":
        path = path.lstrip("/").replace("/", os.sep)
        if parts.netloc:
            path = rf"\\{parts.netloc}\{path}"
    return os.path.abspath(path) if path else ""


def to_uri(path: str) -> str:
    """The URI of an absolute path."""
    path = path.replace(os.sep, "/")
    return "file://" + quote(path if path.startswith("/") else "/" + path, safe="/~:")
