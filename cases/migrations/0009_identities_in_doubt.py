import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import mdt_portal.fields
from cases.identity.core import matching
from mdt_portal.fields import search_hash


def hash_local_numbers_anew(apps, editor):
    """A number whose system is no web address or URN counts at its hospital only; its hash says so from now on."""
    rows = apps.get_model("cases", "PatientIdentifier").objects.select_related("patient__institution")
    for row in rows.iterator():
        found = matching.number(row.system, row.value, hospital=row.patient.institution.public_id)
        value_hash = search_hash(found.system, found.value)
        if value_hash != row.value_hash:
            row.value_hash = value_hash
            row.save(update_fields=["value_hash"])


class Migration(migrations.Migration):
    """Records in doubt, FHIR files, deaths; two people may have one number where somebody has looked."""


    dependencies = [
        ('cases', '0008_code_maps'),
        ('experts', '0004_one_expert_per_email'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FhirFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=mdt_portal.fields.new_public_id, editable=False, max_length=16, unique=True)),
                ('name', models.CharField(max_length=200, verbose_name='file')),
                ('text', mdt_portal.fields.EncryptedTextField(blank=True)),
                ('report', models.JSONField(default=dict)),
                ('uploaded_at', models.DateTimeField(auto_now_add=True, verbose_name='handed in')),
                ('taken_in_at', models.DateTimeField(blank=True, null=True, verbose_name='taken in')),
            ],
            options={
                'verbose_name': 'FHIR file',
                'verbose_name_plural': 'FHIR files',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='HeldMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=mdt_portal.fields.new_public_id, editable=False, max_length=16, unique=True)),
                ('name', mdt_portal.fields.EncryptedTextField(blank=True, verbose_name='name')),
                ('sex', models.CharField(choices=[('female', 'Female'), ('male', 'Male'), ('other', 'Other'), ('unknown', 'Unknown')], default='unknown', max_length=8, verbose_name='sex')),
                ('birth_date', mdt_portal.fields.EncryptedTextField(blank=True, verbose_name='date of birth')),
                ('phone', mdt_portal.fields.EncryptedTextField(blank=True, verbose_name='phone')),
                ('numbers', mdt_portal.fields.EncryptedTextField(blank=True, verbose_name='numbers')),
                ('content', mdt_portal.fields.EncryptedTextField(blank=True)),
                ('reasons', models.JSONField(default=list)),
                ('fingerprint', models.CharField(db_index=True, editable=False, max_length=64)),
                ('held_at', models.DateTimeField(auto_now_add=True, verbose_name='held since')),
                ('decision', models.CharField(blank=True, choices=[('joined', 'Joined: one person'), ('apart', 'Kept apart: two people')], max_length=8, verbose_name='decision')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'doubtful identity',
                'verbose_name_plural': 'doubtful identities',
                'ordering': ['pk'],
            },
        ),
        migrations.AddField(
            model_name='casesource',
            name='taken_back_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='patient',
            name='deceased',
            field=models.BooleanField(default=False, verbose_name='recorded as deceased'),
        ),
        migrations.AddField(
            model_name='patient',
            name='died_on',
            field=models.DateField(blank=True, null=True, verbose_name='date of death'),
        ),
        migrations.AddField(
            model_name='patient',
            name='joined_into',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='joined', to='cases.patient'),
        ),
        migrations.AddField(
            model_name='patient',
            name='taken_from',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cases.patient'),
        ),
        migrations.AlterField(
            model_name='patientidentifier',
            name='value_hash',
            field=models.CharField(db_index=True, editable=False, max_length=64),
        ),
        migrations.AddConstraint(
            model_name='patientidentifier',
            constraint=models.UniqueConstraint(fields=('patient', 'value_hash'), name='number_once_per_patient'),
        ),
        migrations.AddField(
            model_name='fhirfile',
            name='institution',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='experts.institution'),
        ),
        migrations.AddField(
            model_name='fhirfile',
            name='uploaded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='heldmatch',
            name='candidate',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='doubted', to='cases.patient'),
        ),
        migrations.AddField(
            model_name='heldmatch',
            name='decided_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='heldmatch',
            name='institution',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='held_matches', to='experts.institution'),
        ),
        migrations.AddField(
            model_name='heldmatch',
            name='patient',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='held_matches', to='cases.patient'),
        ),
        migrations.AddField(
            model_name='heldmatch',
            name='raised_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='heldmatch',
            constraint=models.CheckConstraint(condition=models.Q(('decision', ''), ('decided_at__isnull', False), _connector='OR'), name='decided_match_has_its_time'),
        ),
        migrations.AddConstraint(
            model_name='heldmatch',
            constraint=models.UniqueConstraint(condition=models.Q(('decision', '')), fields=('institution', 'candidate', 'fingerprint'), name='record_held_once_beside_a_patient'),
        ),
        migrations.RunPython(hash_local_numbers_anew, migrations.RunPython.noop),
    ]
