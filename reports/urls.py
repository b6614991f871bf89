"""Addresses of the dashboard, reviews, official forms, open data, verification and the API."""

from django.urls import path

from reports.api.views import openapi_json, pdf, reviews, summary
from reports.consultation.views import (
    ask_responsible,
    contribution,
    contribution_facts,
    recall,
    review_asking,
    send_back,
    take,
    withdraw,
)
from reports.dashboard.views import chart, csv_export, dashboard, find_unit, xlsx_export
from reports.drafting.views import outline, phrase, phrase_list, phrase_new, review_facts, review_section
from reports.official_forms.views import compare_upload, form_of_month, form_page, form_pdf, form_xlsx
from reports.open_data.views import open_data, open_data_zip
from reports.reviews.views import review, review_list, review_pdf
from reports.verification.views import verify

from .api import views as api_views
from .difference import review_difference, review_difference_csv
from .meeting import review_meeting
from .reviews import action_views, file_views
from .system_status import status
from .tasks import review_tasks, task_list, task_outcome

review_urls = [
    path("reports/reviews/", review_list, name="reviews"),
    path("reports/reviews/<int:pk>/", review, name="review"),
    path("reports/reviews/<int:pk>.pdf", review_pdf, name="review_pdf"),
    path("reports/reviews/<int:pk>.docx", file_views.review_docx, name="review_docx"),
    path("reports/reviews/<int:pk>.xlsx", file_views.review_xlsx, name="review_xlsx"),
    path("reports/reviews/<int:pk>.txt", file_views.review_txt, name="review_txt"),
    path("reports/reviews/<int:pk>/projection/", file_views.review_hall, name="review_hall"),
    path(
        "reports/reviews/<int:pk>/notice.pdf",
        file_views.review_notice,
        {"kind": "pdf"},
        name="review_notice_pdf",
    ),
    path(
        "reports/reviews/<int:pk>/notice.docx",
        file_views.review_notice,
        {"kind": "docx"},
        name="review_notice_docx",
    ),
    path("reports/reviews/<int:pk>/edit/", action_views.review_edit, name="review_edit"),
    path("reports/reviews/<int:pk>/figures/", action_views.review_figures, name="review_figures"),
    path(
        "reports/reviews/<int:pk>/sections/<int:section>/",
        review_section,
        name="review_section",
    ),
    path("reports/reviews/<int:pk>/facts/", review_facts, name="review_facts"),
    path("reports/reviews/<int:pk>/state/", action_views.review_state, name="review_state"),
    path("reports/reviews/<int:pk>/freeze/", action_views.review_freeze, name="review_freeze"),
    path("reports/reviews/<int:pk>/number/", action_views.review_number, name="review_number"),
    path("reports/reviews/<int:pk>/replace/", action_views.review_replace, name="review_replace"),
    path("reports/reviews/<int:pk>/drawing/", action_views.review_drawing, name="review_drawing"),
    path("reports/reviews/<int:pk>/drawing/ask/", action_views.review_draw, name="review_draw"),
    path(
        "reports/reviews/<int:pk>/drawing/cancel/", action_views.review_draw_cancel, name="review_draw_cancel"
    ),
]

outline_urls = [
    path("reports/outline/", outline, name="outline"),
    path("reports/phrases/", phrase_list, name="phrases"),
    path("reports/phrases/new/", phrase_new, name="phrase_new"),
    path("reports/phrases/<slug:key>/", phrase, name="phrase"),
]

issued_urls = [
    path("reports/reviews/<int:pk>/signed/", action_views.review_signed, name="review_signed"),
    path("reports/reviews/<int:pk>/signed.pdf", action_views.review_signed_file, name="review_signed_file"),
    path("reports/reviews/<int:pk>/difference/", review_difference, name="review_difference"),
    path(
        "reports/reviews/<int:pk>/difference.csv",
        review_difference_csv,
        name="review_difference_csv",
    ),
    path("verify/", verify, name="verify"),
]

consultation_urls = [
    path("reports/reviews/<int:pk>/meeting/", review_meeting, name="review_meeting"),
    path("reports/reviews/<int:pk>/tasks/", review_tasks, name="review_tasks"),
    path("reports/reviews/<int:pk>/comments/", action_views.review_comment, name="review_comment"),
    path("reports/comments/<int:pk>/reply/", action_views.comment_reply, name="comment_reply"),
    path("reports/reviews/<int:pk>/asking/", review_asking, name="review_asking"),
    path("reports/reviews/<int:pk>/asking/responsible/", ask_responsible, name="ask_responsible"),
    path("reports/asking/<int:pk>/withdraw/", withdraw, name="asking_withdraw"),
    path("reports/asking/<int:pk>/agree/", action_views.agree, name="asking_agree"),
    path("reports/asking/<int:pk>/take/", take, name="asking_take"),
    path("reports/asking/<int:pk>/return/", send_back, name="asking_return"),
    path("reports/asked/<int:pk>/", contribution, name="asked"),
    path("reports/asked/<int:pk>/facts/", contribution_facts, name="asked_facts"),
    path("reports/asked/<int:pk>/recall/", recall, name="asked_recall"),
    path("reports/tasks/", task_list, name="tasks"),
    path("reports/tasks/<int:pk>/outcome/", task_outcome, name="task_outcome"),
]

official_form_urls = [
    path("reports/open-data/", open_data, name="opened"),
    path("reports/open-data.zip", open_data_zip, name="opened_zip"),
    path("reports/forms/months/<int:pk>.xlsx", form_of_month, name="form_of_month"),
    path("reports/forms/<slug:key>/", form_page, name="official_form"),
    path("reports/forms/<slug:key>/compared/", compare_upload, name="form_compared"),
    path("reports/forms/<slug:key>.xlsx", form_xlsx, name="form_xlsx"),
    path("reports/forms/<slug:key>.pdf", form_pdf, name="form_pdf"),
]

urlpatterns = [
    path("", dashboard, name="dashboard"),
    path("reports/units/", find_unit, name="find_unit"),
    path("reports/status/", status, name="status"),
    path("reports/dashboard.csv", csv_export, name="dashboard_csv"),
    path("reports/dashboard.xlsx", xlsx_export, name="dashboard_xlsx"),
    path("reports/charts/<slug:name>.json", chart, name="chart"),
    path("api/v1/summary", summary, name="api_summary"),
    path("api/v1/reviews", reviews, name="api_reviews"),
    path("api/v1/reviews/<int:pk>", api_views.review, name="api_review"),
    path("api/v1/reviews/<int:pk>/pdf", pdf, name="api_review_pdf"),
    path("api/v1/openapi.json", openapi_json, name="openapi"),
    *review_urls,
    *outline_urls,
    *issued_urls,
    *consultation_urls,
    *official_form_urls,
]
