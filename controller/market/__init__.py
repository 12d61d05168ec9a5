"""What trading would really give, and what prices were: quotes of venues and price history."""
