"""Blocks and closures get the public id by which pages and the API name them."""

from typing import Any

from django.db import migrations, models

import mdt_portal.fields

MODELS = ("block", "roomclosure")


def give_ids(apps: Any, _editor: Any) -> None:
    for name in MODELS:
        model = apps.get_model("scheduling", name)
        for row in model.objects.all():
            row.public_id = mdt_portal.fields.new_public_id()
            row.save(update_fields=["public_id"])


def field(**options: Any) -> models.CharField:
    return models.CharField(default=mdt_portal.fields.new_public_id, editable=False, max_length=16, **options)


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0006_suggestions")]
    operations = [
        *(migrations.AddField(name, "public_id", field(null=True)) for name in MODELS),
        migrations.RunPython(give_ids, migrations.RunPython.noop),
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        *(migrations.AlterField(name, "public_id", field(unique=True)) for name in MODELS),
    ]
