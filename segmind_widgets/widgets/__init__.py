"""Building blocks of panels, over ipywidgets and anywidget.

To add one: a module with one widget class; its JavaScript and CSS in `static/`, loaded by
`browser.py`. A widget that needs its panel takes a `host.Host`, and imports neither
panels nor the client.
"""
