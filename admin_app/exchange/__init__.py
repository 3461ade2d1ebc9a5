"""Excel in and out: one `Sheet` per form makes the template, reads the upload and names the columns."""
