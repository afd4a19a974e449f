"""Start and stop the sandbox: three local origins, served by one thread."""

from __future__ import annotations

import asyncio
import secrets
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

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
from segmind_widgets.sandbox.state.directory_file import read_directory
from segmind_widgets.sandbox.state.files import Files
from segmind_widgets.sandbox.state.jobs import Jobs
from segmind_widgets.sandbox.state.models import Models

if TYPE_CHECKING:
    from typing_extensions import Unpack

_MIB = 1024 * 1024
_SERVICES = ("segmind", "apimart", "files")
_ARTISTS = 2  # threads that generate results


class FilesOrigin(Service):
    """The origin of uploads and results; it needs no key, and clients should send none."""

    name = "files"

    def routes(self) -> Sequence[Route]:
        """Return one route that serves every file."""
        return (Route("GET", r"/.*", self._file),)

    def error(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return an error as plain text."""
        return Answer(words or phrase(status), status, headers=headers or {})

    def _file(self, request: Request) -> Answer:
        file = None if request.failing("expired") else self.context.files.at(request.path)
        if file is None:
            raise Refusal(404)
        return Answer(file.path, media_type=file.media_type)


class SandboxForms(TypedDict, total=False):
    """Choices where the services' pages and clients disagree; `Sandbox` documents each."""

    workflow_auth: Literal["either", "bearer", "x-api-key"]
    workflow_reply: Literal["all", "poll_url", "request_id"]
    workflow_output: Literal["named", "dict", "url"]
    storage_form: Literal["both", "urls", "file_urls"]
    apimart_form: Literal["both", "task", "info", "seed"]
    image_form: Literal["either", "strings", "objects"]
    failed_code: Literal["422", "200"]
    enum_types: Literal["strict", "loose"]
    page_form: Literal["table", "list", "headings", "json", "text", "code"]


class Sandbox:
    """A local server that implements Segmind and APIMart without costs.

    Args:
        host: address to listen on.
        port: port of Segmind; APIMart and the files use the next two. 0 selects any free ports.
        speed: speed of the jobs relative to the real services; 10 is ten times faster.
        duration_factor: how long jobs take relative to the times in the directory.
        duration_spread: σ of the logarithm of a job's duration.
        credits: initial balance of each of the two accounts in USD.
        rate_limit: POST requests per minute on each service; None means no limit.
        rate_window: length of the rate limit's window in seconds.
        segmind_key: the key that Segmind accepts; None makes a random one.
        apimart_key: the key that APIMart accepts; None makes a random one.
        faults: initial scripted failures; `sandbox.faults.add` adds more.
        artist: function that generates results, instead of `sandbox.artist.render.make`.
        models: additional models in the form of models.json; an existing slug is replaced.
        directory: a copy of https://www.segmind.com/llms.txt, whose further models are served, too.
        request_life: seconds until the record of a completed request expires.
        poll_interval: seconds between two polls of a job; the reply to an earlier one is 429.
        max_body: largest size of a request in bytes; the reply to a larger one is 413.
        v1_models: models that v2 does not know.
        v2_models: models that v1 does not know.
        forms: choices where the services' pages and clients disagree, the default first:

            - workflow_auth: the header of the key: "either", "bearer" or "x-api-key".
            - workflow_reply: reply to a workflow's submit: "all", or only "poll_url" or only
            "request_id".
            - workflow_output: a workflow's `output`: JSON text of names and values as documented
              ("named"), a mapping of names to values ("dict"), or only the first value ("url").
            - storage_form: the array in the reply to an upload: "both" names, "urls", "file_urls".
            - apimart_form: APIMart's submit and poll replies: as documented now ("task"), with
              task_info ("info"), as on its upload page ("seed"), or task and seed ("both").
            - image_form: items of APIMart's `image_urls`: "either", "strings" or "objects".
            - failed_code: the code of the reply about a failed v2 job: "422" or "200".
            - enum_types: whether "5" is accepted as 5 if a model has choices: "strict" (no) or
            "loose" (yes).
            - page_form: the form of a model's page for programs: "table", "list", "headings",
              "json", the "text" of an API page, or only "code".

    Raises:
        TypeError: a form does not exist.
        ValueError: a form does not have that choice, or the directory has no models.
        OSError: the directory cannot be read.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        speed: float = 10.0,
        duration_factor: float = 1.0,
        duration_spread: float = 0.2,
        credits: float = 10.0,  # noqa: A002 - the services' term
        rate_limit: int | None = None,
        rate_window: float = 60.0,
        segmind_key: str | None = None,
        apimart_key: str | None = None,
        faults: Iterable[Fault] = (),
        artist: Artist | None = None,
        models: Mapping[str, Mapping[str, Any]] | None = None,
        directory: str | Path | None = None,
        request_life: float = 3600.0,
        poll_interval: float = 0.0,
        max_body: int = 512 * _MIB,
        v1_models: Iterable[str] = (),
        v2_models: Iterable[str] = (),
        **forms: Unpack[SandboxForms],
    ) -> None:
        self.faults = Faults(faults)
        self.log = Log()
        self._address = (host, port)
        self._artist = artist
        self._rate = (rate_limit, rate_window)
        self._models = Models(models, read_directory(Path(directory)) if directory else None)
        self._accounts = {name: Account(credits) for name in ("segmind", "apimart")}
        self._settings = SandboxSettings(
            speed=speed,
            duration_factor=duration_factor,
            duration_spread=duration_spread,
            segmind_key=segmind_key or f"SG_{secrets.token_hex(8)}",
            apimart_key=apimart_key or f"sk-sandbox-{secrets.token_hex(16)}",
            request_life=request_life,
            poll_interval=poll_interval,
            max_body=max_body,
            v1_models=frozenset(v1_models),
            v2_models=frozenset(v2_models),
            **forms,
        )
        self._origins: dict[str, str] = {}
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._over = threading.Event()
        self._end: Callable[[], object] = lambda: None
        self._failure: BaseException | None = None

    def __repr__(self) -> str:
        origin = self._origins.get("segmind", "not started")
        return f"Sandbox({origin}, speed={self._settings.speed:g})"

    # start and stop

    def start(self) -> Sandbox:
        """Start the server thread, and return when it accepts connections.

        Raises:
            RuntimeError: the sandbox was already started, or its thread failed to start.
            OSError: a port is not free.
        """
        if self._thread:
            raise RuntimeError("This sandbox was already started; create a new one.")
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
        """Stop listening, end all jobs, and wait for the server thread; idempotent."""
        if self._thread and not self._over.is_set():
            self._end()
            self._over.wait()  # an interrupted join() can mark a running thread as stopped
            self._thread.join()

    def __enter__(self) -> Sandbox:
        return self if self._thread else self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _live(self, sockets: list[socket.socket]) -> None:
        """Run the event loop in the server thread, and publish its failure."""
        try:
            with tempfile.TemporaryDirectory(prefix="segmind-sandbox-") as folder:
                asyncio.run(self._serve(sockets, Path(folder)))
        except BaseException as error:  # noqa: BLE001 - start() raises it
            self._failure = error
        finally:
            for listener in sockets:
                listener.close()
            self._ready.set()
            self._over.set()

    async def _serve(self, sockets: list[socket.socket], folder: Path) -> None:
        """Serve the three origins until `stop` is called, then end jobs and connections."""
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
        """Build the state that the services share."""
        files, settings = Files(self._origins["files"], folder), self._settings
        return Context(
            settings=settings,
            origins=self._origins,
            log=self.log,
            faults=self.faults,
            models=self._models,
            files=files,
            studio=Studio(files, executor, self._artist),
            jobs=Jobs(
                settings.speed / settings.duration_factor,
                settings.request_life,
                settings.duration_spread,
            ),
            accounts=self._accounts,
            limits={
                **{name: RateLimit(*self._rate) for name in self._accounts},
                "files": RateLimit(None, 60.0),
            },
        )

    # addresses, balances and requests

    @property
    def environ(self) -> dict[str, str]:
        """Return the environment variables that configure clients: addresses and keys."""
        return {
            **self.addresses,
            "SEGMIND_API_KEY": self._settings.segmind_key,
            "APIMART_API_KEY": self._settings.apimart_key,
        }

    @property
    def addresses(self) -> dict[str, str]:
        """Return the environment variables with the addresses, without the keys."""
        return {
            "SEGMIND_API_URL": self.url("segmind"),
            "SEGMIND_STORAGE_URL": self.url("segmind"),
            "SEGMIND_CONSOLE_URL": self.url("segmind"),
            "SEGMIND_SITE_URL": self.url("segmind"),
            "APIMART_API_URL": self.url("apimart"),
        }

    def url(self, service: Literal["segmind", "apimart", "files"]) -> str:
        """Return the origin of a service, such as "http://127.0.0.1:8765".

        Raises:
            RuntimeError: the sandbox has not been started.
        """
        if not self._origins:
            raise RuntimeError("Start the sandbox first: its addresses are not known until then.")
        return self._origins[service]

    @property
    def credits(self) -> float:
        """Return the balance of the Segmind account in USD."""
        return self._accounts["segmind"].balance

    @property
    def balance(self) -> float:
        """Return the balance of the APIMart account in USD."""
        return self._accounts["apimart"].balance

    def requests(self, method: str | None = None, path_contains: str | None = None) -> list[Record]:
        """Return the logged requests; see `Log.requests`."""
        return self.log.requests(method, path_contains)

    @property
    def billed_posts(self) -> list[Record]:
        """Return the records of billed runs."""
        return self.log.billed_posts

    def wait_for(self, predicate: Callable[[Log], Any], timeout: float = 10.0) -> list[Record]:
        """Block until `predicate(log)` is true; see `Log.wait_for`."""
        return self.log.wait_for(predicate, timeout)


def _listening(host: str, port: int) -> list[socket.socket]:
    """Open three listening sockets.

    IPPROTO_TCP is explicit because asyncio disables Nagle's algorithm only for such sockets.

    Raises:
        OSError: a port is not free.
    """
    sockets: list[socket.socket] = []
    try:
        for number in range(len(_SERVICES)):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            sockets.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, _port_option(), 1)
            listener.setblocking(False)
            listener.bind((host, port + number if port else 0))
            listener.listen(256)
    except OSError as error:
        for listener in sockets:
            listener.close()
        raise OSError(
            error.errno,
            f"The sandbox needs three free ports from {port} on {host}: {error.strerror}."
            " Choose another port with port=, or 0 for any.",
        ) from None
    return sockets


def _port_option() -> int:
    """Return the option with which a port can be taken again at once, and by one server only.

    On Windows SO_REUSEADDR would let two servers take the same port; there SO_EXCLUSIVEADDRUSE
    forbids that, and a closed port is free at once.
    """
    return getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)


def _server(service: Service) -> HTTPServer:
    """Create the HTTP server of one origin.

    `log_function` discards access logs, which tornado would print into the user's cell.
    """
    application = Application(
        [(r".*", ServiceHandler, {"service": service})], log_function=lambda _handler: None
    )
    return HTTPServer(
        application,
        max_buffer_size=256 * _MIB,
        max_body_size=64 * 1024 * _MIB,  # bodies are streamed; RequestBody.too_large leads to a 413
        chunk_size=_MIB,
    )
