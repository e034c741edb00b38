"""The audit of a file: every step, convention, example, claim and witness, and what is wrong with it."""
