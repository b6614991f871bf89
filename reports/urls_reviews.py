"""Addresses of reviews."""

from django.urls import path

from reports.views import drawings, hall, review_acts, review_files, reviews, sections

urlpatterns = [
    path("reports/reviews/", reviews.review_list, name="reviews"),
    path("reports/reviews/<int:pk>/", reviews.review, name="review"),
    path("reports/reviews/<int:pk>.pdf", reviews.review_pdf, name="review_pdf"),
    path("reports/reviews/<int:pk>.docx", review_files.review_docx, name="review_docx"),
    path("reports/reviews/<int:pk>.xlsx", review_files.review_xlsx, name="review_xlsx"),
    path("reports/reviews/<int:pk>.txt", review_files.review_txt, name="review_txt"),
    path("reports/reviews/<int:pk>/projection/", hall.review_hall, name="review_hall"),
    path(
        "reports/reviews/<int:pk>/notice.pdf",
        review_files.review_notice,
        {"kind": "pdf"},
        name="review_notice_pdf",
    ),
    path(
        "reports/reviews/<int:pk>/notice.docx",
        review_files.review_notice,
        {"kind": "docx"},
        name="review_notice_docx",
    ),
    path("reports/reviews/<int:pk>/edit/", review_acts.review_edit, name="review_edit"),
    path("reports/reviews/<int:pk>/figures/", review_acts.review_figures, name="review_figures"),
    path("reports/reviews/<int:pk>/sections/<int:section>/", sections.review_section, name="review_section"),
    path("reports/reviews/<int:pk>/facts/", sections.review_facts, name="review_facts"),
    path("reports/reviews/<int:pk>/state/", review_acts.review_state, name="review_state"),
    path("reports/reviews/<int:pk>/freeze/", review_acts.review_freeze, name="review_freeze"),
    path("reports/reviews/<int:pk>/number/", review_acts.review_number, name="review_number"),
    path("reports/reviews/<int:pk>/replace/", review_acts.review_replace, name="review_replace"),
    path("reports/reviews/<int:pk>/drawing/", drawings.review_drawing, name="review_drawing"),
    path("reports/reviews/<int:pk>/drawing/ask/", drawings.review_draw, name="review_draw"),
    path("reports/reviews/<int:pk>/drawing/cancel/", drawings.review_draw_cancel, name="review_draw_cancel"),
]
