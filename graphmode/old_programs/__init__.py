"""Runs programs that were written for TensorFlow 1 from 2017 to 2019, unchanged.

`python -m graphmode SCRIPT.py` runs a program, `python -m graphmode --check SCRIPT.py` only checks
it, and `import graphmode.legacy` at the top of a notebook prepares the notebook.
"""
