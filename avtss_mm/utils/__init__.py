"""Command line, configs, reports, seeding and software versions."""


def register_all_modules(init_default_scope: bool = True) -> None:
    """Register everything, as ``mmengine.hub.get_model('avtss_mm::...')`` requires of packages.

    The import of ``avtss_mm`` registers its own classes; this function registers mmaction2's.

    Args:
        init_default_scope (bool): Whether types without a scope are looked up in mmaction2 from now
            on. Defaults to True.
    """
    from mmaction.utils import register_all_modules as register_mmaction

    register_mmaction(init_default_scope)
