from django.db import migrations

from mdt_portal.fields import keep_updated_at, updated_at_field


class Migration(migrations.Migration):
    """Programs ask for what changed since they last asked. A trigger sees every statement, `update()` included."""

    dependencies = [("mdt_portal", "0003_audit_action")]

    operations = [
        migrations.RunSQL(
            sql="""
                CREATE FUNCTION mdt_updated_now() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    NEW.updated_at = clock_timestamp();
                    RETURN NEW;
                END $$
            """,
            reverse_sql="DROP FUNCTION mdt_updated_now()",
        ),
        migrations.AddField("savedview", "updated_at", updated_at_field()),
        keep_updated_at("mdt_portal_savedview"),
    ]
