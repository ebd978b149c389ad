"""A second person approves rules before they count; a rule has a day on which somebody looks at it again."""

import django.db.models.deletion
import mdt_portal.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cases', '0015_longer_code_systems'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='cataloguerule',
            name='review_by',
            field=models.DateField(blank=True, null=True, verbose_name='review by'),
        ),
        migrations.CreateModel(
            name='RuleReview',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(auto_now_add=True, verbose_name='reviewed')),
                ('note', models.CharField(max_length=200, verbose_name='note')),
                ('next_by', models.DateField(verbose_name='review by')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='cases.cataloguerule')),
            ],
            options={
                'verbose_name': 'review of a rule',
                'verbose_name_plural': 'reviews of rules',
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='RuleApproval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=mdt_portal.fields.new_public_id, editable=False, max_length=16, unique=True)),
                ('valid_from', models.DateField(verbose_name='in force from')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('requested_at', models.DateTimeField(auto_now_add=True, verbose_name='asked')),
                ('decision', models.CharField(blank=True, choices=[('approved', 'Approved'), ('sent_back', 'Sent back'), ('taken_back', 'Taken back'), ('overtaken', 'Overtaken: a draft was changed')], max_length=10, verbose_name='decision')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('answer', models.CharField(blank=True, max_length=200, verbose_name='why it was sent back')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('requested_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('rules', models.ManyToManyField(related_name='approvals', to='cases.cataloguerule')),
            ],
            options={
                'verbose_name': 'approval of rules',
                'verbose_name_plural': 'approvals of rules',
                'ordering': ['-pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('decision__in', ['approved', 'sent_back']), _negated=True), models.Q(('decided_by__isnull', False), models.Q(('decided_by', models.F('requested_by')), _negated=True)), _connector='OR'), name='approval_by_a_second_person'), models.CheckConstraint(condition=models.Q(('decision', ''), ('decided_at__isnull', False), _connector='OR'), name='decided_approval_has_its_time'), models.CheckConstraint(condition=models.Q(models.Q(('decision', 'sent_back'), _negated=True), models.Q(('answer', ''), _negated=True), _connector='OR'), name='approval_sent_back_says_why')],
            },
        ),
    ]
