"""The pages: one function a page, one template each, both languages."""
