"""The match page: one HTML file that shows where a query comes from."""

from .page import write_match_page

__all__ = ['write_match_page']
