from .info_nce import full_precision, masked_mean, multi_positive_info_nce

__all__ = ['full_precision', 'masked_mean', 'multi_positive_info_nce']
