"""The chapter, a module per section, and one for each use that it names: the README has the list."""
