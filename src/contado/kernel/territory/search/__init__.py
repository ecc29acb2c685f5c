"""Search over what a workspace shows to everybody: municipalities, places, layers, addresses, further entries.

>>> entries = [Entry(kind="municipality", ref="015146", title_it="Milano", codes=("015146", "F205"))]
>>> index = build(entries, kinds=("municipality",))
>>> [group.hits[0].title.it for group in index.find("mil", most=5).groups], index.by_code("f205").ref
(['Milano'], '015146')
"""

from __future__ import annotations

from contado.kernel.territory.search.addresses import LAYER as ADDRESSES
from contado.kernel.territory.search.entry import Entry
from contado.kernel.territory.search.index import Found, Group, Hit, Index, Text, build, kept
from contado.kernel.territory.search.public import entries, state

__all__ = [
    "ADDRESSES",
    "Entry",
    "Found",
    "Group",
    "Hit",
    "Index",
    "Text",
    "build",
    "entries",
    "kept",
    "state",
]
