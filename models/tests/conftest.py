"""What holds for all tests."""

import dynconv_models.gating  # noqa: F401  It says how TensorFlow is to compute, before anything imports that.
