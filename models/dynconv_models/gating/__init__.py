"""A pretrained, converted model made dynamic: masks put into its graph and trained against the model itself."""

import os

# With oneDNN, TensorFlow 2.19 writes beyond its memory in a step of this training on some CPUs (AMD Zen 5), and dies.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
