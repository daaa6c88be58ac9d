"""Models, records and searches, as the server's object layer has them. Knows no single model and no protocol."""
