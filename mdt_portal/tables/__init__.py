"""Tables that people hand in and take away: CSV and XLSX, read strictly and written harmlessly."""
