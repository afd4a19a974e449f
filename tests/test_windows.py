"""Calls that Windows lacks, or that act otherwise there, are not in the source, or are guarded.

Shown without Windows, by reading the source. Each rule has an example that it must find.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.test_layers import modules

Found = Iterator[str]
MISSING = {  # attributes of modules that Windows does not have
    "os": "chown chroot confstr fchdir fchmod fchown fork forkpty getegid geteuid getgid getgroups"
    " getloadavg getpgid getpgrp getpriority getsid getuid killpg lchown major makedev mkfifo mknod"
    " nice openpty posix_fadvise posix_fallocate posix_spawn pread pwrite register_at_fork"
    " sched_getaffinity sendfile setegid seteuid setgid setpgid setsid setuid statvfs sync sysconf"
    " uname wait wait3 wait4 O_CLOEXEC O_DIRECTORY O_NOCTTY O_NOFOLLOW O_NONBLOCK O_SYNC",
    "signal": "SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGUSR1 SIGUSR2 alarm"
    " getitimer pause pthread_kill pthread_sigmask set_wakeup_fd setitimer siginterrupt sigwait",
    "socket": "AF_UNIX SO_REUSEPORT MSG_DONTWAIT MSG_NOSIGNAL socketpair",
    "time": "tzset clock_gettime pthread_getcpuclockid",
    "select": "poll epoll kqueue",
    "asyncio": "add_signal_handler",
}
MODULES = {
    "fcntl",
    "grp",
    "posix",
    "pty",
    "pwd",
    "readline",
    "resource",
    "syslog",
    "termios",
    "tty",
}
OTHERWISE = {  # module → why a call that acts otherwise there is right
    "storage.file_lock": "os.open: nothing is written to the file",
    "storage.database": "rename: to a new name, with an error for files that are open elsewhere",
}


def parts(node: ast.AST) -> str:
    return ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""


def guarded(tree: ast.Module) -> set[ast.AST]:
    """The nodes below an `if` on the system or on `hasattr`."""
    return {
        below
        for node in ast.walk(tree)
        if isinstance(node, (ast.If, ast.IfExp))
        and re.search(r"hasattr\(|sys\.platform|os\.name", ast.unparse(node.test))
        for below in ast.walk(node)
    }


def missing(tree: ast.Module) -> Found:
    """Names that Windows does not have."""
    safe = guarded(tree)
    for node in ast.walk(tree):
        owner, _, name = parts(node).rpartition(".")
        if node not in safe and name in MISSING.get(owner, "").split():
            yield f"{owner}.{name}"


def missing_modules(tree: ast.Module) -> Found:
    """Modules that Windows does not have."""
    for node in set(ast.walk(tree)) - guarded(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        yield from MODULES & set(names)


def kills(tree: ast.Module) -> Found:
    """`os.kill` ends the process there, whatever the signal: also with 0, as a question."""
    yield from ("os.kill" for node in ast.walk(tree) if parts(node) == "os.kill")


def renames(tree: ast.Module) -> Found:
    """`rename` replaces no existing file there; `replace` does everywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and parts(node.func).endswith(".rename"):
            yield parts(node.func)
        elif isinstance(node, ast.Attribute) and node.attr == "rename":
            yield "rename"


def texts_without_encoding(tree: ast.Module) -> Found:
    """A text is read and written in the system's own encoding there, unless one is given."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or any(k.arg == "encoding" for k in node.keywords):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        texts = [one.value for one in node.args if isinstance(one, ast.Constant)]
        is_binary = any(isinstance(text, str) and "b" in text for text in texts)
        is_file = isinstance(node.func, ast.Name) or bool(texts)
        opens = name in ("open", "fdopen") and is_file and not is_binary
        if opens or name in ("read_text", "write_text"):
            yield name


def posix_formats(tree: ast.Module) -> Found:
    """`%-d`, `%s` and others are no formats there."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "strftime":
            yield from re.findall(r"%[-_0^#sklPeDFTRhnrt]", ast.unparse(node))


def shared_ports(tree: ast.Module) -> Found:
    """SO_REUSEADDR lets two servers take one port there."""
    exclusive = {
        below
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and "SO_EXCLUSIVEADDRUSE" in ast.unparse(node)
        for below in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node not in exclusive and parts(node).endswith("SO_REUSEADDR"):
            yield "SO_REUSEADDR"


def posix_paths(tree: ast.Module) -> Found:
    """Folders that only POSIX has."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(r"\A/(?:tmp|dev|proc|etc|var|usr)(?:/|\Z)", node.value)


def text_mode(tree: ast.Module) -> Found:
    """`os.open` opens a text there, and changes ends of lines, without O_BINARY."""
    for node in ast.walk(tree):
        text = ast.unparse(node) if isinstance(node, ast.FunctionDef) else ""
        writes = "os.open(" in text and re.search(r"O_WRONLY|O_RDWR", text)
        if writes and "O_BINARY" not in text:
            yield text


RULES: dict[Callable[[ast.Module], Found], list[str]] = {
    missing: ["os.fork()", "os.chown(a, 0, 0)", "p.send_signal(signal.SIGKILL)", "x = os.getuid"],
    missing_modules: ["import fcntl", "from pwd import getpwuid"],
    kills: ["os.kill(pid, 0)"],
    renames: ["os.rename(a, b)", "part.rename(path)", "Path(a).rename(b)"],
    texts_without_encoding: ["open(a)", "path.read_text()", "path.open('w')", "path.write_text(a)"],
    posix_formats: ["now.strftime('%-d %b')", "now.strftime('%s')"],
    shared_ports: ["s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)"],
    posix_paths: ["open('/tmp/a', 'wb')", "x = '/dev/null'"],
    text_mode: ["def f():\n    os.open(a, os.O_WRONLY)"],
}
FINE = """
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=f)
text = path.read_text(encoding="utf-8")
file = path.open("rb")
part.replace(path)
now.strftime("%Y-%m-%d %H:%M:%S")
option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
image = Image.open(data)
"""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_call_is_missing_or_acts_otherwise_on_windows(
    rule: Callable[[ast.Module], Found],
) -> None:
    for example in RULES[rule]:
        assert list(rule(ast.parse(example))), example
    assert list(rule(ast.parse(FINE))) == []
    found = {module: set(rule(tree)) for module, tree in modules().items()}
    assert {name: calls for name, calls in found.items() if calls and name not in OTHERWISE} == {}
