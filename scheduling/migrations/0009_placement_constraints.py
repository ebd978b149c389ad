import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

FORWARDS = [
    "UPDATE mdt_portal_auditevent SET action = replace(action, 'wish.', 'placement_constraint.'),"
    " params = (params - 'wish') || jsonb_build_object('constraint', params->'wish')"
    " WHERE action IN ('wish.added', 'wish.withdrawn')",
    "UPDATE mdt_portal_auditevent SET subject_type = 'scheduling.placementconstraint'"
    " WHERE subject_type = 'scheduling.wish'",
    "UPDATE mdt_portal_outboxmessage SET kind = replace(kind, 'notice.', 'notification.') WHERE kind LIKE 'notice.%'",
    "UPDATE mdt_portal_outboxmessage SET kind = 'notification.time_request' WHERE kind = 'notification.time_asked'",
    "UPDATE mdt_portal_auditevent SET action = 'expert.time_requested' WHERE action = 'expert.time_asked'",
    "UPDATE scheduling_proposal SET figures = (figures - 'told') || jsonb_build_object('notified', figures->'told')"
    " WHERE figures ? 'told'",
]
BACKWARDS = [
    "UPDATE mdt_portal_auditevent SET action = 'expert.time_asked' WHERE action = 'expert.time_requested'",
    "UPDATE mdt_portal_outboxmessage SET kind = 'notification.time_asked' WHERE kind = 'notification.time_request'",
    "UPDATE mdt_portal_auditevent SET action = replace(action, 'placement_constraint.', 'wish.'),"
    " params = (params - 'constraint') || jsonb_build_object('wish', params->'constraint')"
    " WHERE action IN ('placement_constraint.added', 'placement_constraint.withdrawn')",
    "UPDATE mdt_portal_auditevent SET subject_type = 'scheduling.wish'"
    " WHERE subject_type = 'scheduling.placementconstraint'",
    "UPDATE mdt_portal_outboxmessage SET kind = replace(kind, 'notification.', 'notice.')"
    " WHERE kind LIKE 'notification.%'",
    "UPDATE scheduling_proposal SET figures = (figures - 'notified') || jsonb_build_object('told', figures->'notified')"
    " WHERE figures ? 'notified'",
]


class Migration(migrations.Migration):
    """Pins and bans are placement constraints, messages are notifications: tables, and what is stored of them."""

    dependencies = [("cases", "0007_follow_ups"), ("scheduling", "0008_aftercare")]

    operations = [
        migrations.RemoveConstraint("wish", "wish_names_something"),
        migrations.RemoveConstraint("wish", "wish_end_after_start"),
        migrations.RenameModel("Wish", "PlacementConstraint"),
        migrations.AlterField(
            "placementconstraint",
            "case",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="placement_constraints", to="cases.case"
            ),
        ),
        migrations.AlterField(
            "placementconstraint",
            "by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="placement_constraints",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "placementconstraint",
            models.CheckConstraint(
                condition=Q(expert__isnull=False)
                | Q(room__isnull=False)
                | Q(start__isnull=False)
                | Q(end__isnull=False),
                name="placement_constraint_names_something",
            ),
        ),
        migrations.AddConstraint(
            "placementconstraint",
            models.CheckConstraint(
                condition=Q(start__isnull=True) | Q(end__isnull=True) | Q(end__gt=F("start")),
                name="placement_constraint_end_after_start",
            ),
        ),
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
