"""Does a real account answer as its simulator does? `make live` asks both the same questions, and only reads."""
