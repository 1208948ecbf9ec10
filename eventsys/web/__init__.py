"""The Flask kit: guards, forms, errors, headers, language."""
