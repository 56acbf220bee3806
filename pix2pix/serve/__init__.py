"""A web page on which an exported network translates drawings and images."""
