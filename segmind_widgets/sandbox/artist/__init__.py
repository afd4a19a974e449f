"""What the sandbox draws and plays, behind `services.studio.Artist`; finished.

No module of the product imports it, and no reader of the product needs it.
"""
