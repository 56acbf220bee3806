"""Example images that are drawn on this machine: every program runs without files and offline.

The same seed gives the same pixels.
"""
