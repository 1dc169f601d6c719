"""A server in a container; only `engine_ping` can be imported without the extra `container`."""
