"""The data foundation of FlowForge: models, sessions, errors, outbox and seed data on PostgreSQL."""
