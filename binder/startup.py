"""Keep ipykernel 7.0 to 7.3 from sleeping while a request waits.

These versions can miss a request until another client connects, since they send replies past the
stream that reads the requests (ipython/ipykernel issue 1554, fixed in 7.4). Looking for requests
five times a second ends that sleep; a first cell that was missed is a moment late.
"""


def _stay_awake(kernel):
    import ipykernel
    from tornado.ioloop import PeriodicCallback

    if not (7, 0) <= ipykernel.version_info[:2] < (7, 4):
        return
    stream = kernel.shell_stream
    look = PeriodicCallback(lambda: look.stop() if stream.closed() else stream.flush(), 200)
    stream.io_loop.add_callback(look.start)  # the stream belongs to that loop's thread


_stay_awake(get_ipython().kernel)  # noqa: F821 - IPython provides it
del _stay_awake
