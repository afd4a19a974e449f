"""The sandbox as one thing to start and stop: three origins on this machine, in one thread."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from tornado.httpserver import HTTPServer
from tornado.web import Application

from segmind_widgets.sandbox.http.exchange import Answer, Refusal, Request, phrase
from segmind_widgets.sandbox.http.faults import Fault, Faults
from segmind_widgets.sandbox.http.log import Log, Record
from segmind_widgets.sandbox.services.apimart import APIMart
from segmind_widgets.sandbox.services.endpoint import ServiceHandler
from segmind_widgets.sandbox.services.segmind import Segmind
from segmind_widgets.sandbox.services.service import Context, Route, SandboxSettings, Service
from segmind_widgets.sandbox.services.studio import Artist, Studio
from segmind_widgets.sandbox.state.account import Account, RateLimit
from segmind_widgets.sandbox.state.files import Files
from segmind_widgets.sandbox.state.jobs import Jobs
from segmind_widgets.sandbox.state.models import Models

SEGMIND_KEY = "SG_5a9d0b0c5a9d0b0c"  # a key's form, and no secret
APIMART_KEY = "sk-sandbox-0000000000000000"
_MIB = 1024 * 1024
_SERVICES = ("segmind", "apimart", "files")
_ARTISTS = 2  # threads that draw


class FilesOrigin(Service):
    """Uploads and results, for anyone who has the address. A key sent here is one too many."""

    name = "files"

    def routes(self) -> Sequence[Route]:
        return (Route("GET", r"/.*", self._file),)

    def error(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
        return Answer(words or phrase(status), status, headers=headers or {})

    def _file(self, request: Request) -> Answer:
        stored = None if request.failing("expired") else self.context.files.at(request.path)
        if stored is None:
            raise Refusal(404)
        return Answer(stored.path, media_type=stored.media_type)


class Sandbox:
    """Segmind and APIMart on this machine, for nothing.

    Args:
        host: where to listen.
        port: of Segmind; APIMart and the files have the next two. 0 takes any three.
        speed: how many times faster than in reality a job is.
        credits: USD on each of the two accounts.
        rate_limit: POSTs a minute on each service; None is without a limit.
        rate_window: seconds that a "minute" of the rate limit lasts.
        segmind_key: the key that Segmind takes.
        apimart_key: the key that APIMart takes.
        faults: scripted failures from the start; more with `sandbox.faults.add`.
        artist: what draws, in the place of `sandbox.artist.make`.
        models: further models in the form of models.json, or others under a known slug.
        workflow_auth: how a workflow wants its key: both ways, or one of them.
        workflow_output: a workflow's `output`: JSON text of names and values as documented, a
            mapping of names to values, or the first value alone.
        storage_form: the name of the array in the reply to an upload.
        apimart_form: submit and poll as documented now, with task_info, or as in its upload page.
        request_life: seconds that the record of a request lives after its end.
        max_body: bytes of the largest request; a larger one is answered with 413.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        speed: float = 10.0,
        credits: float = 10.0,  # noqa: A002 - the services' own word
        rate_limit: int | None = None,
        rate_window: float = 60.0,
        segmind_key: str = SEGMIND_KEY,
        apimart_key: str = APIMART_KEY,
        faults: Iterable[Fault] = (),
        artist: Artist | None = None,
        models: Mapping[str, Mapping[str, Any]] | None = None,
        workflow_auth: Literal["either", "bearer", "x-api-key"] = "either",
        workflow_output: Literal["named", "dict", "url"] = "named",
        storage_form: Literal["urls", "file_urls"] = "urls",
        apimart_form: Literal["task", "info", "seed"] = "task",
        request_life: float = 3600.0,
        max_body: int = 512 * _MIB,
    ) -> None:
        self.faults = Faults(faults)
        self.log = Log()
        self._address = (host, port)
        self._artist = artist
        self._rate = (rate_limit, rate_window)
        self._models = Models(models)
        self._accounts = {name: Account(credits) for name in ("segmind", "apimart")}
        self._settings = SandboxSettings(
            speed=speed,
            segmind_key=segmind_key,
            apimart_key=apimart_key,
            workflow_auth=workflow_auth,
            workflow_output=workflow_output,
            storage_form=storage_form,
            apimart_form=apimart_form,
            request_life=request_life,
            max_body=max_body,
        )
        self._origins: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._over = threading.Event()
        self._end: Callable[[], object] = lambda: None
        self._failure: BaseException | None = None

    def __repr__(self) -> str:
        where = self._origins.get("segmind", "not started")
        return f"Sandbox({where}, speed={self._settings.speed:g})"

    # life

    def start(self) -> Sandbox:
        """Listen in a thread of its own, and return when it does.

        Raises:
            RuntimeError: it was started before.
            OSError: a port is taken.
        """
        if self._thread:
            raise RuntimeError("This sandbox was started before; make a new one.")
        sockets = _listening(*self._address)
        host = self._address[0]
        self._origins = {
            name: f"http://{host}:{listener.getsockname()[1]}"
            for name, listener in zip(_SERVICES, sockets, strict=True)
        }
        self._thread = threading.Thread(
            target=self._live, args=(sockets,), name="segmind-sandbox", daemon=True
        )
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise RuntimeError("The sandbox could not start.") from self._failure
        return self

    def stop(self) -> None:
        """Stop listening, end all jobs, and return when nothing is left. Any number of times."""
        if self._thread and not self._over.is_set():
            self._end()
            self._over.wait()  # not join alone: an interrupted join takes a live thread for dead
            self._thread.join()

    def __enter__(self) -> Sandbox:
        return self if self._thread else self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _live(self, sockets: list[socket.socket]) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="segmind-sandbox-") as folder:
                asyncio.run(self._serve(sockets, Path(folder)))
        except BaseException as error:  # noqa: BLE001 - told by start()
            self._failure = error
        finally:
            for listener in sockets:
                listener.close()
            self._ready.set()
            self._over.set()

    async def _serve(self, sockets: list[socket.socket], folder: Path) -> None:
        end, loop = asyncio.Event(), asyncio.get_running_loop()
        self._end = lambda: loop.call_soon_threadsafe(end.set)
        executor = ThreadPoolExecutor(_ARTISTS, thread_name_prefix="segmind-sandbox-artist")
        context = self._context(folder, executor)
        services = (Segmind(context), APIMart(context), FilesOrigin(context))
        servers = [_server(service) for service in services]
        for server, listener in zip(servers, sockets, strict=True):
            server.add_socket(listener)
        self._ready.set()
        await end.wait()
        for server in servers:
            server.stop()
        self.faults.clear()
        await context.jobs.stop()
        for server in servers:
            await server.close_all_connections()
        executor.shutdown(cancel_futures=True)

    def _context(self, folder: Path, executor: ThreadPoolExecutor) -> Context:
        files = Files(self._origins["files"], folder)
        return Context(
            settings=self._settings,
            origins=self._origins,
            log=self.log,
            faults=self.faults,
            models=self._models,
            files=files,
            studio=Studio(files, executor, self._artist),
            jobs=Jobs(self._settings.speed, self._settings.request_life),
            accounts=self._accounts,
            limits={
                **{name: RateLimit(*self._rate) for name in self._accounts},
                "files": RateLimit(None, 60.0),
            },
        )

    # what it tells

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which clients find the sandbox, and its keys."""
        return {
            "SEGMIND_API_URL": self.url("segmind"),
            "SEGMIND_STORAGE_URL": self.url("segmind"),
            "SEGMIND_CONSOLE_URL": self.url("segmind"),
            "SEGMIND_SITE_URL": self.url("segmind"),
            "APIMART_API_URL": self.url("apimart"),
            "SEGMIND_API_KEY": self._settings.segmind_key,
            "APIMART_API_KEY": self._settings.apimart_key,
        }

    def url(self, service: Literal["segmind", "apimart", "files"]) -> str:
        """The origin of a service, such as "http://127.0.0.1:8765".

        Raises:
            RuntimeError: the sandbox was not started.
        """
        if not self._origins:
            raise RuntimeError("Start the sandbox first: its addresses are not known before.")
        return self._origins[service]

    @property
    def credits(self) -> float:
        """USD left on the Segmind account."""
        return self._accounts["segmind"].left

    @property
    def balance(self) -> float:
        """What is left on the APIMart account."""
        return self._accounts["apimart"].left

    def requests(self, method: str | None = None, path_contains: str | None = None) -> list[Record]:
        """The requests so far; see `Log.requests`."""
        return self.log.requests(method, path_contains)

    @property
    def billed_posts(self) -> list[Record]:
        """The runs that were accepted against payment."""
        return self.log.billed_posts

    def wait_for(self, predicate: Callable[[Log], Any], timeout: float = 10.0) -> list[Record]:
        """Block until `predicate(log)` is true; see `Log.wait_for`."""
        return self.log.wait_for(predicate, timeout)


def _listening(host: str, port: int) -> list[socket.socket]:
    """Three listening sockets. Made with IPPROTO_TCP, else asyncio leaves Nagle's delay on."""
    sockets: list[socket.socket] = []
    try:
        for number in range(len(_SERVICES)):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.setblocking(False)
            listener.bind((host, port + number if port else 0))
            listener.listen(256)
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise OSError(
            error.errno,
            f"The sandbox needs three free ports from {port} on {host}: {error.strerror}."
            " Take another with port=, or 0 for any.",
        ) from None
    return sockets


def _server(service: Service) -> HTTPServer:
    """A server for one origin. Without `log_function` tornado writes into the user's cell."""
    application = Application(
        [(r".*", ServiceHandler, {"service": service})], log_function=lambda _handler: None
    )
    return HTTPServer(
        application,
        max_buffer_size=256 * _MIB,
        max_body_size=64 * 1024 * _MIB,  # bodies are streamed; Body.too_large says 413
        chunk_size=_MIB,
    )
