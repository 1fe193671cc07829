"""The training layer: systems that change. It imports the core and the analysis; tasks, rules and the driver come here."""
