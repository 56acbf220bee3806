"""The figures of the chapter, drawn again from their formulas."""
