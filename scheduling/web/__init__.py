"""The screens around planning, one package per screen.

A view parses, authorises, calls one service and renders; what a screen shows is read by a selector.
"""
