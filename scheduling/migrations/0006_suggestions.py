from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("scheduling", "0005_moves")]

    operations = [
        migrations.AddField(
            model_name="invitation", name="offered", field=models.JSONField(blank=True, default=list)
        ),
    ]
