"""The outer half: sign-in, home, import and ledger pages, errors, security headers, templates."""
