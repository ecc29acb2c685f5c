"""Third-party files of the web pages: one verb a module."""
