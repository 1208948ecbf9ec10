"""Gates and scans."""
