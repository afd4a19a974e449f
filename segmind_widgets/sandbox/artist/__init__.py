"""How the sandbox's pictures are drawn: colours, shapes, scenery, subjects, finishes."""
