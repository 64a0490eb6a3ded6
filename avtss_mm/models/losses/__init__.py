from .info_nce import full_precision, masked_mean, multi_positive_info_nce
from .koleo import koleo

__all__ = ['full_precision', 'koleo', 'masked_mean', 'multi_positive_info_nce']
