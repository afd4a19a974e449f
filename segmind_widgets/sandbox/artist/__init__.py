"""Draw the sandbox's pictures and films, and generate its sounds.

Only `services.studio.Artist` imports this package; the rest of the product does not depend on it.
"""
