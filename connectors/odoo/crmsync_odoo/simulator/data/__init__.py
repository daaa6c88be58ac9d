"""What a fresh database holds: made-up people, companies and opportunities, and the lists around them."""
