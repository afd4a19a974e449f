"""Building blocks of panels, over ipywidgets and anywidget.

To add one: a module with one widget class; its JavaScript and CSS in `static/`, loaded by
`browser.py`. A widget that needs its panel takes a `host.Host`; it knows no panel and no client.
"""
