"""Addresses of the work list and of submissions."""

from django.urls import path

from .views.approval import approve, approve_batch, send_back
from .views.case_counts import case_rows, cases, fill
from .views.case_files import case_file, give_up, map_file, share, upload
from .views.cells import cells
from .views.checking import check, send
from .views.closing import closing_times, remove_closing_time
from .views.dating import rule_add, rule_remove, rules
from .views.entry import no_dossiers, open_month, recall, save, undo
from .views.form_download import form_xlsx, forms_home, forms_xlsx
from .views.form_upload import form_look, form_marked, form_page
from .views.groups import groups
from .views.history import history
from .views.indicator_list import indicator_list, load_presets, retire
from .views.indicators import home as indicators_home
from .views.indicators import save as save_indicators
from .views.indicators import unit_indicators
from .views.official import look as look_official
from .views.official import upload as upload_official
from .views.submission import submission
from .views.targets import save as save_targets
from .views.targets import unit_targets
from .views.unlocking import ask_unlock, decide_unlock
from .views.urging import urge_units
from .views.worklist import worklist

app_name = "records"
urlpatterns = [
    path("", worklist, name="worklist"),
    path("open/", open_month, name="open"),
    path("approve/", approve_batch, name="approve_batch"),
    path("rules/", rules, name="rules"),
    path("rules/<slug:kind>/", rule_add, name="rules_add"),
    path("rules/<slug:kind>/<int:pk>/remove/", rule_remove, name="rules_remove"),
    path("urge/", urge_units, name="urge"),
    path("closing/", closing_times, name="closing"),
    path("closing/<int:pk>/remove/", remove_closing_time, name="remove_closing"),
    path("groups/", groups, name="groups"),
    path("form/", forms_home, name="forms"),
    path("form.xlsx", forms_xlsx, name="forms_xlsx"),
    path("form/<slug:token>/", form_look, name="form_look"),
    path("form/<slug:token>/marked.xlsx", form_marked, name="form_marked"),
    path("indicators/", indicators_home, name="indicators_home"),
    path("indicators/list/", indicator_list, name="indicator_list"),
    path("indicators/list/presets/", load_presets, name="indicator_presets"),
    path("indicators/list/<int:pk>/retire/", retire, name="indicator_retire"),
    path("indicators/<int:pk>/", unit_indicators, name="indicators"),
    path("indicators/<int:pk>/save/", save_indicators, name="indicators_save"),
    path("targets/<int:pk>/", unit_targets, name="targets"),
    path("targets/<int:pk>/save/", save_targets, name="targets_save"),
    path("<int:pk>/", submission, name="submission"),
    path("<int:pk>/cells/", cells, name="cells"),
    path("<int:pk>/form/", form_page, name="form"),
    path("<int:pk>/form.xlsx", form_xlsx, name="form_xlsx"),
    path("<int:pk>/save/", save, name="save"),
    path("<int:pk>/check/", check, name="check"),
    path("<int:pk>/send/", send, name="send"),
    path("<int:pk>/no-dossiers/", no_dossiers, name="no_dossiers"),
    path("<int:pk>/undo/", undo, name="undo"),
    path("<int:pk>/recall/", recall, name="recall"),
    path("<int:pk>/approve/", approve, name="approve"),
    path("<int:pk>/return/", send_back, name="send_back"),
    path("<int:pk>/unlock/", ask_unlock, name="ask_unlock"),
    path("<int:pk>/unlock/decide/", decide_unlock, name="decide_unlock"),
    path("<int:pk>/official/", upload_official, name="official"),
    path("<int:pk>/official/<slug:token>/", look_official, name="official_look"),
    path("<int:pk>/history/", history, name="history"),
    path("<int:pk>/cases/", cases, name="cases"),
    path("<int:pk>/cases/upload/", upload, name="cases_upload"),
    path("<int:pk>/cases/fill/", fill, name="cases_fill"),
    path("<int:pk>/cases/rows/", case_rows, name="case_rows"),
    path("<int:pk>/cases/<int:number>/", case_file, name="case_file"),
    path("<int:pk>/cases/<int:number>/map/", map_file, name="case_map"),
    path("<int:pk>/cases/<int:number>/cancel/", give_up, name="case_cancel"),
    path("<int:pk>/cases/<int:number>/share/", share, name="case_share"),
]
