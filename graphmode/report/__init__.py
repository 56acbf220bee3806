"""What a run shows: its page, image grids, plots, tables, and scores of images."""
