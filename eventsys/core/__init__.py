"""Foundation: knows no feature and no request."""
