"""Where files are, in captions: the path, as a link if a saved notebook can have one, and size."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from segmind_widgets.formatting import abbreviate_home, file_size
from segmind_widgets.markup import fragment, link


def notebook_folder() -> Path:
    """Return the folder of the notebook, as the Jupyter server names it; else the current one."""
    notebook = Path(os.getenv("JPY_SESSION_NAME", ""))
    has_folder = notebook.is_absolute() and notebook.parent.is_dir()
    return (notebook.parent if has_folder else Path.cwd()).resolve()


def path_of_uri(uri: str, *, is_windows: bool = os.name == "nt") -> str:
    """Return the path of a `file:` URI as `Path.as_uri` writes it; a share keeps its server.

    (`Path.from_uri` does that from Python 3.13 on.)

    Args:
        uri: such as `file:///C:/a%20b` or `file://server/share/a`.
        is_windows: whether the path is one of Windows.
    """
    parts = urlsplit(uri)
    host, path = unquote(parts.netloc), unquote(parts.path)
    if not is_windows:
        return path
    return f"//{host}{path}" if host and host != "localhost" else path.removeprefix("/")


def file_text(path: Path) -> str:
    """Return a file's path and size as text; only the path of a file that was removed."""
    return f"{abbreviate_home(path)}{_size(path)}"


def file_link(path: Path) -> str:
    """Return a file's path and size; the path of a file beside the notebook is a relative link."""
    relative = _relative(path) if path.is_file() else ""
    return fragment(link(quote(relative), relative), _size(path)) if relative else file_text(path)


def _relative(path: Path) -> str:
    """Return the path from the notebook's folder; "" of one outside, or that servers hide."""
    folder, path = notebook_folder(), path.resolve()
    if not path.is_relative_to(folder):
        return ""
    relative = path.relative_to(folder)
    is_hidden = any(part.startswith(".") for part in relative.parts)
    return "" if is_hidden else relative.as_posix()


def _size(path: Path) -> str:
    try:
        return f" · {file_size(path.stat().st_size)}"
    except OSError:  # it was removed
        return ""
