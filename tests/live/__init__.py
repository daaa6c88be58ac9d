"""Does a real account answer as the simulator does? `make live` asks both the same questions, and only reads."""
