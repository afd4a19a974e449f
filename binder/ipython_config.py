"""Every kernel on Binder starts with the magics."""

c = get_config()  # noqa: F821 - traitlets provides it
# as lines, not as an extension: a notebook's own %load_ext would be told that it is loaded already
c.InteractiveShellApp.exec_lines = [
    "import segmind_widgets",
    "segmind_widgets.load_ipython_extension(get_ipython())",
    "del segmind_widgets",
]
