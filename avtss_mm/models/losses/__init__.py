from .info_nce import masked_mean, multi_positive_info_nce

__all__ = ['masked_mean', 'multi_positive_info_nce']
