"""The outline that new reviews of a unit start with, and the phrases that drafts are made of."""

from django.db import models

from units.models import Unit


class Outline(models.Model):
    """The sections of the reviews of a unit and of those below it that have no outline of their own, from a year on.
    Where none is stored, the outline of fixtures/outline.json holds.
    """

    unit = models.ForeignKey(Unit, models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("từ năm")

    class Meta:
        verbose_name = "đề cương báo cáo"
        constraints = [models.UniqueConstraint(name="outline_unit_year", fields=["unit", "year"])]


class OutlineSection(models.Model):
    """A section of an outline. Who is `responsible` sends what it is made from within so many days after a period's
    end. `key` is what phrases name a section by, `block` what is drawn after it.
    """

    outline = models.ForeignKey(Outline, models.CASCADE, related_name="sections")
    order = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField(default=1)
    key = models.CharField(max_length=64, blank=True)
    heading = models.CharField("tiêu đề", max_length=300)
    block = models.CharField(max_length=32, blank=True)
    responsible = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="đơn vị chủ trì"
    )
    due_days = models.PositiveSmallIntegerField("số ngày sau kỳ", null=True, blank=True)

    class Meta:
        ordering = ["outline", "order"]
        constraints = [models.UniqueConstraint(name="outline_section_order", fields=["outline", "order"])]


class StoredPhrase(models.Model):
    """A phrase that an administrator wrote: a new one, or one in place of that of
    fixtures/phrases.json with the same key. `of`, `conditions` and `text` as review_text reads them.
    """

    key = models.SlugField("mã câu", max_length=64, unique=True)
    section = models.SlugField("mục", max_length=64)
    slot = models.SlugField("chỗ", max_length=64)
    order = models.PositiveIntegerField("thứ tự")
    of = models.CharField("nói về", max_length=140, blank=True)
    conditions = models.TextField("điều kiện", blank=True)
    text = models.TextField("câu")
    begins_paragraph = models.BooleanField("mở đoạn mới", default=False)
    in_use = models.BooleanField("đang dùng", default=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "câu mẫu"
        ordering = ["order", "key"]
