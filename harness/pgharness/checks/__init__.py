"""The checks: each a claim about a chain, judged by a pure function from the chain's record. `judging.registry` lists them."""
