"""From an HTTP request to a call, and from its result to an answer: one file a protocol."""
