import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    """A hold says in columns what it holds. None was ever made before: the verbs come with this migration."""

    dependencies = [("scheduling", "0002_wishes")]

    operations = [
        migrations.RunSQL("DELETE FROM scheduling_hold", migrations.RunSQL.noop),
        migrations.RenameField(model_name="hold", old_name="slot", new_name="people"),
        migrations.AddField(
            model_name="hold",
            name="session",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="holds",
                to="scheduling.session",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="room",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="holds",
                to="scheduling.room",
            ),
        ),
        migrations.AddField(
            model_name="hold",
            name="start",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="from"),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="hold",
            name="end",
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name="to"),
            preserve_default=False,
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(("end__gt", models.F("start"))), name="hold_end_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("status", "held")),
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                expressions=[
                    (
                        models.Func(models.F("team"), models.F("team"), models.Value("[]"), function="int8range"),
                        "&&",
                    ),
                    (
                        models.Func(
                            models.F("start"),
                            models.F("end"),
                            function="tstzrange",
                            output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField(),
                        ),
                        "&&",
                    ),
                ],
                name="team_held_once_at_a_time",
            ),
        ),
    ]
