"""The registry scope ``avtss_mm``: mmaction2's registries under a second name.

Everything of this package is registered with mmaction2 itself (scope ``mmaction``). mmengine marks
what it reads through ``_base_ = 'avtss_mm::...'`` with the scope ``avtss_mm`` and looks for this
module; each child registry below is empty and passes every question on to its mmaction2 parent.
"""

import mmaction.registry
from mmengine.registry import Registry

for _name, _parent in list(vars(mmaction.registry).items()):
    if isinstance(_parent, Registry) and _parent.scope == 'mmaction':
        globals()[_name] = Registry(
            _parent.name, parent=_parent, scope='avtss_mm', locations=['avtss_mm']
        )
