"""What an administrator may say: the policy file, its rules, filters, transforms and scopes.

Every mistake in a YAML file is told at once, with its line, what was expected and what to write.
"""
