"""Bytes or text into cells, and cells into bytes or text. Pure."""
