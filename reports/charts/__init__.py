"""Charts: JSON for Chart.js and bars and scales drawn on the server as SVG."""
