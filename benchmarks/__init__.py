"""Speed of the programs' training steps beside equal PyTorch models: `python -m benchmarks`."""
