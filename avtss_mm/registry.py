"""The registry scope ``avtss_mm``: mmaction2's registries under a second name.

Everything of this package is registered with mmaction2 itself (scope ``mmaction``). mmengine marks
what it reads through ``_base_ = 'avtss_mm::...'`` with the scope ``avtss_mm`` and looks for this
module; each child registry below passes every question on to its mmaction2 parent.
"""

from __future__ import annotations

import mmaction.registry
from mmengine.registry import Registry


class SecondName(Registry):
    """A registry that asks its parent, which imports what it names when first asked.

    mmengine's own lookup reads what the parent has imported so far: without ``mmaction2``'s
    visualizer in the first run of a process.
    """

    def get(self, key: str) -> type | None:
        scope, name = self.split_scope_key(key)
        name = name if scope == self.scope else key
        return self.module_dict.get(name) or self.parent.get(name)


for _name, _parent in list(vars(mmaction.registry).items()):
    if isinstance(_parent, Registry) and _parent.scope == 'mmaction':
        globals()[_name] = SecondName(_parent.name, parent=_parent, scope='avtss_mm')
