"""The three-year programme of public works (D.Lgs. 36/2023 art. 37, all. I.5): codes, sheets, what was realised."""
