"""The addresses of the catalogue's desk."""

from django.urls import URLPattern, path

from cases.web.catalogue import editor, files, publish, rule, rule_list, rule_tester

urlpatterns: list[URLPattern] = [
    path("", rule_list.rules, name="catalogue"),
    path("new/", editor.new, name="rule_new"),
    path("check/", editor.check, name="rule_check"),
    path("bench/", rule_tester.bench, name="rule_bench"),
    path("bench/codes/", rule_tester.codes, name="rule_bench_codes"),
    path("bench/facts/", rule_tester.facts, name="rule_bench_facts"),
    path("publish/", publish.publish, name="rule_publish"),
    path("import/", files.import_rules, name="rule_import"),
    path("export.<str:kind>", files.export_rules, name="rule_export"),
    path("rules/<str:key>/", rule.rule, name="rule"),
    path("rules/<str:key>/edit/", editor.edit, name="rule_edit"),
    path("rules/<str:key>/withdraw/<int:version>/", rule.withdraw, name="rule_withdraw"),
]
