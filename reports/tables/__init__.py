"""Tables of a Summary: order of rows, columns, the HTML table, CSV and XLSX."""
