"""Reads old programs without running them: which names they use, where, and under which guard."""
