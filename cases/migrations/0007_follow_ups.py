import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

LABELS = [
    ("UPDATE mdt_portal_auditevent SET action = %s WHERE action = %s", "follow_up.recorded", "look.taken"),
    ("UPDATE mdt_portal_auditevent SET action = %s WHERE action = %s", "case.reminded", "case.chased"),
    ("UPDATE mdt_portal_auditevent SET subject_type = %s WHERE subject_type = %s", "cases.followup", "cases.look"),
    ("UPDATE mdt_portal_statusevent SET subject_type = %s WHERE subject_type = %s", "cases.followup", "cases.look"),
    ("UPDATE mdt_portal_outboxmessage SET kind = %s WHERE kind = %s", "case.reminded", "case.chased"),
]


def rename_labels(apps, editor):
    for sql, new, old in LABELS:
        editor.execute(sql, [new, old])


def restore_labels(apps, editor):
    for sql, new, old in LABELS:
        editor.execute(sql, [old, new])


class Migration(migrations.Migration):
    """A look at whether a plan was carried out is a follow-up: table, columns, and what is stored of them."""

    dependencies = [("cases", "0006_aftercare"), ("mdt_portal", "0003_audit_action")]

    operations = [
        migrations.RemoveConstraint("look", "one_open_look_per_case"),
        migrations.RemoveConstraint("look", "look_names_who_calls"),
        migrations.RemoveConstraint("look", "look_taken_with_its_outcome"),
        migrations.RemoveConstraint("look", "look_says_why_not_carried_out"),
        migrations.RemoveConstraint("recommendation", "signed_recommendation_has_text_and_next_look"),
        migrations.RenameModel("Look", "FollowUp"),
        migrations.AlterField(
            "followup",
            "case",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="follow_ups", to="cases.case"
            ),
        ),
        migrations.RenameField("recommendation", "next_look", "next_follow_up_on"),
        migrations.AddConstraint(
            "recommendation",
            models.CheckConstraint(
                condition=Q(signed_at__isnull=True) | (~Q(text="") & ~Q(who="") & Q(next_follow_up_on__isnull=False)),
                name="signed_recommendation_has_text_and_follow_up",
            ),
        ),
        migrations.AddConstraint(
            "followup",
            models.UniqueConstraint(fields=["case"], condition=Q(outcome=""), name="one_open_follow_up_per_case"),
        ),
        migrations.AddConstraint(
            "followup", models.CheckConstraint(condition=~Q(who=""), name="follow_up_names_who_calls")
        ),
        migrations.AddConstraint(
            "followup",
            models.CheckConstraint(
                condition=Q(outcome="", taken_at__isnull=True) | (~Q(outcome="") & Q(taken_at__isnull=False)),
                name="follow_up_taken_with_its_outcome",
            ),
        ),
        migrations.AddConstraint(
            "followup",
            models.CheckConstraint(
                condition=~Q(outcome__in=["partly", "not"]) | ~Q(note=""), name="follow_up_says_why_not_carried_out"
            ),
        ),
        migrations.RunPython(rename_labels, restore_labels),
    ]
