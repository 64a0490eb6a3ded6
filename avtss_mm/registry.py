"""The registry scope ``avtss_mm``: mmaction2's registries under a second name.

Everything in this package is registered with mmaction2 itself (scope ``mmaction``). mmengine marks
what it reads through ``_base_ = 'avtss_mm::...'`` with the scope ``avtss_mm`` and looks for this
module. Each child registry below forwards every lookup to its mmaction2 parent.
"""

from __future__ import annotations

import mmaction.registry
from mmengine.registry import Registry


class SecondName(Registry):
    """A registry that asks its parent, which imports its modules at the first lookup.

    mmengine's own lookup only sees what the parent has imported so far: the first run of a process
    would not find mmaction2's visualizer.
    """

    def get(self, key: str) -> type | None:
        scope, name = self.split_scope_key(key)
        name = name if scope == self.scope else key
        return self.module_dict.get(name) or self.parent.get(name)


for _name, _parent in list(vars(mmaction.registry).items()):
    if isinstance(_parent, Registry) and _parent.scope == 'mmaction':
        globals()[_name] = SecondName(_parent.name, parent=_parent, scope='avtss_mm')
