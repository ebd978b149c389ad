"""The tags and filters of `{% load portal %}`, by theme; `mdt_portal.templatetags.portal` brings them together."""
