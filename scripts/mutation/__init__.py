"""What `make mutants` is made of: which defects there are, where they are tried, and what has become of them."""
