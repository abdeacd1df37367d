"""What report formats build on: their record, the page, the palette, line breaking."""
