"""Building blocks of panels, over ipywidgets and anywidget."""
