import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import mdt_portal.fields


class Migration(migrations.Migration):
    dependencies = [("mdt_portal", "0004_rows_know_when_they_changed")]

    operations = [
        migrations.CreateModel(
            name="KeptForm",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "public_id",
                    models.CharField(
                        default=mdt_portal.fields.new_public_id, editable=False, max_length=16, unique=True
                    ),
                ),
                ("kept_at", models.DateTimeField(auto_now_add=True, db_index=True)),
                ("shown_at", models.DateTimeField(null=True)),
                ("address", models.TextField()),
                ("content", mdt_portal.fields.EncryptedTextField()),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"ordering": ["-kept_at", "-pk"]},
        ),
    ]
