"""Reference learners: from tasks and a query budget to a joint policy."""
