"""Every kernel on Binder starts with the magics."""

c = get_config()  # noqa: F821 - traitlets provides it
c.InteractiveShellApp.extensions = ["segmind_widgets"]
