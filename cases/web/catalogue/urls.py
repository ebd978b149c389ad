"""The addresses of the catalogue's pages."""

from django.urls import URLPattern, path

from cases.web.catalogue import approval, code_lists, editor, files, publish, rule, rule_list, rule_tester

urlpatterns: list[URLPattern] = [
    path("", rule_list.rules, name="catalogue"),
    path("new/", editor.new, name="rule_new"),
    path("check/", editor.check, name="rule_check"),
    path("test/", rule_tester.rule_tester, name="rule_tester"),
    path("test/codes/", rule_tester.codes, name="rule_tester_codes"),
    path("test/facts/", rule_tester.facts, name="rule_tester_facts"),
    path("publish/", publish.publish, name="rule_publish"),
    path("approvals/<str:public_id>/", approval.approval, name="rule_approval"),
    path("import/", files.import_rules, name="rule_import"),
    path("codes/", code_lists.code_lists, name="code_lists"),
    path("codes/<str:key>.<str:kind>", code_lists.export, name="code_list_export"),
    path("codes/unmapped/<int:pk>/", code_lists.unmapped, name="unmapped_code"),
    path("export.<str:kind>", files.export_rules, name="rule_export"),
    path("rules/<str:key>/", rule.rule, name="rule"),
    path("rules/<str:key>/edit/", editor.edit, name="rule_edit"),
    path("rules/<str:key>/review/", rule.review, name="rule_review"),
    path("rules/<str:key>/withdraw/<int:version>/", rule.withdraw, name="rule_withdraw"),
]
