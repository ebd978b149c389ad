"""Fields that are called by their own name in English, such as `team`, get that word in every language."""

from __future__ import annotations

from django.apps import apps
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

OURS = ("mdt_portal", "experts", "cases", "scheduling")
WORDS = frozenset((
    _("active"), _("actual end"), _("actual start"), _("address"), _("alliance"), _("answered at"), _("at"),
    _("attempts"), _("attendance"), _("bound"), _("by"), _("case"), _("chair"), _("changed at"), _("changed by"),
    _("code"), _("core members"), _("created at"), _("action"), _("deputy"), _("destination"), _("discipline"),
    _("disciplines"), _("disease group"), _("end"), _("evaluated at"), _("expert"), _("expires at"), _("failure"),
    _("finished at"), _("goals"), _("heartbeat at"), _("hold"), _("institution"), _("institutions"), _("kind"),
    _("last error"), _("lead discipline"), _("lease until"), _("new"), _("not before"), _("old"), _("origin"),
    _("override"), _("owner"), _("params"), _("patient"), _("plan"), _("previous"), _("progress"), _("proposal"),
    _("people"), _("public id"), _("published at"), _("referrer"), _("reminded at"), _("requested by"),
    _("requirement"), _("room"), _("run"), _("seed"), _("sent at"), _("sequence"), _("session"), _("start"),
    _("started at"),
    _("status"), _("status event"), _("status events"), _("stop requested"), _("subject"), _("subject id"),
    _("subject type"), _("team"), _("title"), _("to"), _("user"), _("version"),
))  # fmt: skip


def translate() -> None:
    """Give our models and their fields the words that are still plain; migrations do not see it."""
    for model in apps.get_models():
        options = model._meta
        if options.app_label not in OURS:
            continue
        if _plain(options.verbose_name):
            options.verbose_name_plural = gettext_lazy(f"{options.verbose_name}s")
            options.verbose_name = gettext_lazy(str(options.verbose_name))
        for field in (*options.local_fields, *options.local_many_to_many):
            if _plain(field.verbose_name):
                field.verbose_name = gettext_lazy(str(field.verbose_name))


def _plain(word: object) -> bool:
    return isinstance(word, str) and word in WORDS
