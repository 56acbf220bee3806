"""PyTorch's ways to run a network.

eager is the default layout, channels_last PyTorch's layout for images, and autocast the latter in
bfloat16.
"""

import torch

MODES = ("eager", "channels_last", "autocast")


def layout(mode):
    return torch.contiguous_format if mode == "eager" else torch.channels_last


class _Cast(torch.nn.Module):
    """A network whose layers autocast to bfloat16; its outputs are float32, like the losses."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, *inputs):
        with torch.autocast("cpu", torch.bfloat16):
            outputs = self.network(*inputs)
        return outputs.float()


def apply(mode, *networks):
    """Converts the networks for a mode. Returns a list."""
    made = [network.to(memory_format=layout(mode)) for network in networks]
    return [_Cast(network) for network in made] if mode == "autocast" else made
