"""Makes the networks of WorldSystem out of checkpoints: exported, checked against PyTorch, and described by a manifest.

`environment` runs on any Python and makes the environment that the rest needs; `__main__` is the program in it.
"""
