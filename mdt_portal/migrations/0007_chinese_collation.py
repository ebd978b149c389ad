"""A collation that puts Chinese names in the order of their sound; by code point where the database has no ICU."""

from django.db import migrations

CREATE = """
DO $$
BEGIN
    CREATE COLLATION IF NOT EXISTS mdt_chinese (provider = icu, locale = 'zh-u-co-pinyin');
EXCEPTION WHEN feature_not_supported OR undefined_object OR invalid_parameter_value THEN
    CREATE COLLATION IF NOT EXISTS mdt_chinese (provider = libc, locale = 'C');
END
$$
"""


class Migration(migrations.Migration):
    dependencies = [("mdt_portal", "0006_language_is_a_choice")]

    operations = [migrations.RunSQL(CREATE, "DROP COLLATION IF EXISTS mdt_chinese")]
