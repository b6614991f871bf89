"""What a review can be taken away as beside its PDF: workbook, news text, notice, slides."""
