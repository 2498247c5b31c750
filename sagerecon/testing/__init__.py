"""Tests of mappings: given records and the outcomes that are expected of them."""
