"""Our side of the project's code: the agent that runs it, and what it is asked."""
