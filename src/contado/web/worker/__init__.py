"""Jobs behind the pages: which verbs run as processes, and the workers of a server that run them.

A job lives in the store. Any server of the same store may accept it, run it, show it or stop it.
"""

from __future__ import annotations

from contado.web.worker.offered import find, offered, withheld
from contado.web.worker.pool import Workers

__all__ = ["Workers", "find", "offered", "withheld"]
