"""Addresses of the work list, of submissions and of their settings."""

from django.urls import path

from records.approval.views import approve_month, approve_months, return_month
from records.calendar.views import add_rule, dated_rules, remove_rule
from records.cases.views import (
    cancel_case_file,
    case_file_page,
    case_rows,
    cases_page,
    fill_draft,
    map_file,
    share_case_mapping,
    upload_case_file,
)
from records.entry.autosave import autosave
from records.entry.sending import check_page, send_month
from records.entry.submission_page import submission_page
from records.entry.views import open_month, recall_month, report_no_dossiers, save_month, undo_saving
from records.excel_form.views import (
    download_form,
    download_forms,
    form_page,
    form_preview,
    forms_page,
    marked_workbook,
)
from records.indicators.views import (
    indicator_list,
    indicators_home,
    load_presets,
    save_indicators,
    set_retired,
    unit_indicators,
)
from records.locking.views import ask_to_unlock, closing_times_page, decide_unlock, remove_closing
from records.official_form_upload.views import preview_official, upload_official
from records.reminders.views import urge_units
from records.worklist.views import worklist

from .change_history import history_page
from .column_groups import column_groups_page
from .targets import save_targets, unit_targets

app_name = "records"
urlpatterns = [
    path("", worklist, name="worklist"),
    path("open/", open_month, name="open"),
    path("approve/", approve_months, name="approve_batch"),
    path("rules/", dated_rules, name="rules"),
    path("rules/<slug:kind>/", add_rule, name="rules_add"),
    path("rules/<slug:kind>/<int:pk>/remove/", remove_rule, name="rules_remove"),
    path("urge/", urge_units, name="urge"),
    path("closing/", closing_times_page, name="closing"),
    path("closing/<int:pk>/remove/", remove_closing, name="remove_closing"),
    path("groups/", column_groups_page, name="groups"),
    path("form/", forms_page, name="forms"),
    path("form.xlsx", download_forms, name="forms_xlsx"),
    path("form/<slug:token>/", form_preview, name="form_look"),
    path("form/<slug:token>/marked.xlsx", marked_workbook, name="form_marked"),
    path("indicators/", indicators_home, name="indicators_home"),
    path("indicators/list/", indicator_list, name="indicator_list"),
    path("indicators/list/presets/", load_presets, name="indicator_presets"),
    path("indicators/list/<int:pk>/retire/", set_retired, name="indicator_retire"),
    path("indicators/<int:pk>/", unit_indicators, name="indicators"),
    path("indicators/<int:pk>/save/", save_indicators, name="indicators_save"),
    path("targets/<int:pk>/", unit_targets, name="targets"),
    path("targets/<int:pk>/save/", save_targets, name="targets_save"),
    path("<int:pk>/", submission_page, name="submission"),
    path("<int:pk>/cells/", autosave, name="cells"),
    path("<int:pk>/form/", form_page, name="form"),
    path("<int:pk>/form.xlsx", download_form, name="form_xlsx"),
    path("<int:pk>/save/", save_month, name="save"),
    path("<int:pk>/check/", check_page, name="check"),
    path("<int:pk>/send/", send_month, name="send"),
    path("<int:pk>/no-dossiers/", report_no_dossiers, name="no_dossiers"),
    path("<int:pk>/undo/", undo_saving, name="undo"),
    path("<int:pk>/recall/", recall_month, name="recall"),
    path("<int:pk>/approve/", approve_month, name="approve"),
    path("<int:pk>/return/", return_month, name="send_back"),
    path("<int:pk>/unlock/", ask_to_unlock, name="ask_unlock"),
    path("<int:pk>/unlock/decide/", decide_unlock, name="decide_unlock"),
    path("<int:pk>/official/", upload_official, name="official"),
    path("<int:pk>/official/<slug:token>/", preview_official, name="official_look"),
    path("<int:pk>/history/", history_page, name="history"),
    path("<int:pk>/cases/", cases_page, name="cases"),
    path("<int:pk>/cases/upload/", upload_case_file, name="cases_upload"),
    path("<int:pk>/cases/fill/", fill_draft, name="cases_fill"),
    path("<int:pk>/cases/rows/", case_rows, name="case_rows"),
    path("<int:pk>/cases/<int:number>/", case_file_page, name="case_file"),
    path("<int:pk>/cases/<int:number>/map/", map_file, name="case_map"),
    path("<int:pk>/cases/<int:number>/cancel/", cancel_case_file, name="case_cancel"),
    path("<int:pk>/cases/<int:number>/share/", share_case_mapping, name="case_share"),
]
