"""The settings of a client, as traits for `%config SegmindClient`."""

from __future__ import annotations

from traitlets import Bool, Dict, Enum, Float, Int, Unicode
from traitlets.config import SingletonConfigurable


class Settings(SingletonConfigurable):
    """The settings of a client. A key is never one of them."""

    provider = Unicode(
        help="segmind, apimart or sandbox. Empty: SEGMIND_WIDGETS_PROVIDER, then the provider"
        " that has a key, then the sandbox."
    ).tag(config=True)
    home = Unicode(
        help="The folder of the journal and the results. Empty: SEGMIND_WIDGETS_HOME, then the"
        " user's data directory. Other users of the machine may not open it."
    ).tag(config=True)
    urls = Dict(
        help="Addresses by the names of their environment variables, such as SEGMIND_API_URL."
    ).tag(config=True)
    rate_limit = Float(
        None,
        allow_none=True,
        min=0,
        help="Requests a minute to one account at most, from all kernels together. An account "
        "begins with 50; each minute without a 429 raises that by a tenth, and a 429 halves it. "
        "0: wait only after a 429. None: 120, and no limit for a service on this machine.",
    ).tag(config=True)
    economical = Bool(help="Poll less often, for accounts with a small rate limit.").tag(
        config=True
    )
    live = Enum(
        ("auto", "html", "text"),
        "auto",
        help="Progress in cells: html is updated twice a second, text is one line; auto is "
        "animated if the front end supports widgets, else html.",
    ).tag(config=True)
    check_inputs = Enum(
        ("warn", "schema", "strict"),
        "schema",
        help="The treatment of inputs that do not match the model's parameters: schema refuses "
        "them if the service publishes a schema, and warns if the parameters come from a page; "
        "strict refuses in both cases, warn in neither. Both refuse the misspelt name of a model "
        "or an input, and a mask that is black all over or has another size than its image.",
    ).tag(config=True)
    budget = Float(
        0.0,
        min=0,
        help="USD that this session may spend; runs that may exceed it are refused. 0: no limit."
        " On the sandbox these are sandbox credits.",
    ).tag(config=True)
    ask_above = Int(
        50, min=0, help="A cell asks for confirmation before it sends more jobs than this."
    ).tag(config=True)
    recipes = Bool(
        True, help="Whether each new image gets its recipe (model, inputs, seed) as metadata."
    ).tag(config=True)
    keep_location = Bool(
        help="Send images and videos with their location and serial numbers; False: take these"
        " out of what is sent. The file on this disk stays unchanged."
    ).tag(config=True)
    watch_limit = Float(
        3600.0, min=1, help="Seconds after which a job is no longer watched; the job continues."
    ).tag(config=True)
    image_objects = Bool(
        help='Whether files are first sent to APIMart as image_urls: [{"url": …}]; otherwise as '
        "strings. The form that the account accepted is remembered."
    ).tag(config=True)
    sandbox_speed = Float(
        10.0, min=0.1, help="How many times faster the sandbox is than the services."
    ).tag(config=True)
