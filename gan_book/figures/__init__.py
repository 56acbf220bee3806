"""The chapter's figures, computed again from their formulas."""
