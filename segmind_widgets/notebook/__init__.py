"""IPython: magics, their arguments, completion, and everything that displays."""
