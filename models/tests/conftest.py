"""What holds for all tests."""

import os

# As the command that trains masks for pretrained models does, before anything imports TensorFlow.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
