"""Picture editing: cut-outs, inpainting, retouching, layouts."""
