"""What is tried beside the walk: one experiment a file, each giving a record of its own."""
