"""What crmsync costs, beside other ways to bring the same records into the same kind of file. See README.md."""
