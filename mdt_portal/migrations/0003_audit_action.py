from django.db import migrations


class Migration(migrations.Migration):
    """What was done is an action; a deed was our own word for it."""

    dependencies = [("mdt_portal", "0002_saved_view")]

    operations = [migrations.RenameField(model_name="auditevent", old_name="deed", new_name="action")]
