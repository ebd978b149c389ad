"""The addresses of the catalogue's desk."""

from django.urls import URLPattern, path

from cases.pages.catalogue import bench, desk, editor, files, publish, rule

urlpatterns: list[URLPattern] = [
    path("", desk.rules, name="catalogue"),
    path("new/", editor.new, name="rule_new"),
    path("check/", editor.check, name="rule_check"),
    path("bench/", bench.bench, name="rule_bench"),
    path("bench/codes/", bench.codes, name="rule_bench_codes"),
    path("bench/facts/", bench.facts, name="rule_bench_facts"),
    path("publish/", publish.publish, name="rule_publish"),
    path("import/", files.import_rules, name="rule_import"),
    path("export.<str:kind>", files.export_rules, name="rule_export"),
    path("rules/<str:key>/", rule.rule, name="rule"),
    path("rules/<str:key>/edit/", editor.edit, name="rule_edit"),
    path("rules/<str:key>/withdraw/<int:version>/", rule.withdraw, name="rule_withdraw"),
]
