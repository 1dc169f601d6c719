"""The walk along a chain, revision by revision, on a database that holds rows."""
