from django.db import migrations, models
from django.db.models import Count
from django.db.models.functions import Lower


def name_those_twice(apps, schema_editor):
    """Whose address it is, only people can say; so they are named instead of one of them being chosen."""
    Expert = apps.get_model("experts", "Expert")
    known = Expert.objects.exclude(email="").annotate(address=Lower("email"))
    twice = known.values("address").annotate(n=Count("pk")).filter(n__gt=1).values("address")
    found = [f"{one.email} (expert {one.pk})" for one in known.filter(address__in=twice).order_by("address", "pk")]
    if found:
        raise ValueError("Each e-mail address may belong to one expert only. Change these first: " + ", ".join(found))


class Migration(migrations.Migration):
    dependencies = [("experts", "0003_calendar_key")]

    operations = [
        migrations.RunPython(name_those_twice, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="expert",
            constraint=models.UniqueConstraint(
                Lower("email"),
                condition=models.Q(("email", ""), _negated=True),
                name="one_expert_per_email",
                violation_error_message="Somebody else has this e-mail address already.",
            ),
        ),
    ]
