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
        " user's data directory."
    ).tag(config=True)
    urls = Dict(
        help="Addresses by the names of their environment variables, such as SEGMIND_API_URL."
    ).tag(config=True)
    rate_limit = Float(
        None,
        allow_none=True,
        min=0,
        help="Requests a minute to one account, from all kernels together; 0: wait only"
        " where a 429 asks for it. None: 120, and no limit to a service on this machine.",
    ).tag(config=True)
    economical = Bool(help="Poll less often, for accounts with a small rate limit.").tag(
        config=True
    )
    live = Enum(
        ("auto", "html", "text"),
        "auto",
        help="Progress in cells: html is updated twice a second, text is one line; auto moves"
        " smoothly where the front end shows widgets, and is html elsewhere.",
    ).tag(config=True)
    check_inputs = Enum(
        ("warn", "schema", "strict"),
        "schema",
        help="Inputs that do not fit the model's parameters: schema refuses them where the service"
        " gives the schema, and warns where the parameters come from a page; strict refuses both,"
        " warn neither.",
    ).tag(config=True)
    budget = Float(
        0.0,
        min=0,
        help="USD that this session may spend; what may go beyond is refused. 0: no limit."
        " On the sandbox these are sandbox credits.",
    ).tag(config=True)
    ask_above = Int(
        50, min=0, help="The magic asks before it sends more jobs than this at once."
    ).tag(config=True)
    recipes = Bool(
        True, help="Put its recipe (model, inputs, seed) into each new picture; False: not."
    ).tag(config=True)
    keep_location = Bool(
        help="Send pictures and videos with their location and serial numbers; False: take these"
        " out of what is sent. The file on this disk stays as it is."
    ).tag(config=True)
    watch_limit = Float(
        3600.0, min=1, help="Seconds after which a job is no longer watched; it goes on."
    ).tag(config=True)
    image_objects = Bool(
        help='Send files to APIMart as image_urls: [{"url": …}] at the first try; else as strings.'
        " The form that the account accepted is remembered."
    ).tag(config=True)
    sandbox_speed = Float(
        10.0, min=0.1, help="How many times faster the sandbox is than the services."
    ).tag(config=True)
