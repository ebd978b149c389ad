"""The screens around planning: runs and proposals, the week board, sessions, experts' answers, kept mails.

A view parses, authorises, calls one verb and renders. What a screen shows is put together beside its view.
"""
