"""Trains many networks of the study side by side on one GPU, in PyTorch.

A network of the study is small: its layers keep a GPU busy for microseconds each, and what bounds a step is how fast
kernels can be launched. So each step is captured as a CUDA graph, and a dozen networks train at once, each on a stream
of its own. `prepare` writes down as data what `dynconv_models.train` would do, `run` does it and needs PyTorch and
NumPy alone, and `collect` evaluates and converts what came out, as `dynconv_models.train` does.
"""
