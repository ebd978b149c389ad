from django.conf import settings
from django.db import migrations, models

CHINESE = ("zh", "cn", "中", "汉", "漢", "chinese")
ENGLISH = ("en", "英")


def name_the_language(apps, _schema_editor):
    """What was typed becomes the language that it means; what means none becomes empty, as for who never chose."""
    users = apps.get_model("mdt_portal", "User").objects.exclude(language="")
    for user in users.exclude(language__in=dict(settings.LANGUAGES)):
        typed = user.language.strip().lower()
        user.language = "zh-hans" if typed.startswith(CHINESE) else "en" if typed.startswith(ENGLISH) else ""
        user.save(update_fields=["language"])


class Migration(migrations.Migration):
    dependencies = [("mdt_portal", "0005_kept_form")]

    operations = [
        migrations.RunPython(name_the_language, migrations.RunPython.noop),
        # Rows that were changed leave triggers behind, and no table is altered before they have run.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.AlterField(
            "user",
            "language",
            models.CharField(
                blank=True,
                choices=[("en", "English"), ("zh-hans", "Simplified Chinese")],
                error_messages={
                    "invalid_choice": "Choose English (en) or Simplified Chinese (zh-hans), not “%(value)s”."
                },
                max_length=10,
                verbose_name="language",
            ),
        ),
        migrations.AddConstraint(
            "user",
            models.CheckConstraint(
                condition=models.Q(("language__in", ["", "en", "zh-hans"])), name="user_language_is_one_we_speak"
            ),
        ),
    ]
