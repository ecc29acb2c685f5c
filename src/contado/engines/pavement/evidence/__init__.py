"""Evidence of anomalies: who met what when, kept for good and vouched for by the audit chain.

`log` writes the rows, `told` takes in what cameras, citizens and inspectors say, `answers` what an
inspector found on the spot, `story` answers when a place was first and last seen, and when it was not.
"""
