"""Attacks on runs, files and the server: kills, damage, load."""
