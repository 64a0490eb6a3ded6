"""Command line, configs, reports, seeding and software versions."""


def register_all_modules(init_default_scope: bool = True) -> None:
    """As ``mmengine.hub.get_model('avtss_mm::...')`` asks of every package.

    Importing ``avtss_mm`` has registered its own classes; this registers mmaction2's.

    Args:
        init_default_scope (bool): Whether a type without a scope is looked for in mmaction2 from
            now on. Defaults to True.
    """
    from mmaction.utils import register_all_modules as register_mmaction

    register_mmaction(init_default_scope)
