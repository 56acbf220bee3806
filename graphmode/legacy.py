"""For notebooks: after `import graphmode.legacy`, `import tensorflow as tf` gives TensorFlow 1.

See `graphmode.old_programs.namespace`. This lasts until the process ends.
"""

from graphmode.old_programs import namespace

_active = namespace.installed()
_active.__enter__()
