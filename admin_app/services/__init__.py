"""Verbs. One file per process, one function per verb; actor first. They raise and flush, they never
commit; page, batch, import, command and seed call the same ones."""
