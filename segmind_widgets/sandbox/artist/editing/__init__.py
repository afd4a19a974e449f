"""Edits of pictures: cut-outs, repainting, retouching, layouts."""
