"""Pictures from incomplete measurements: forward operators, classical methods, networks at equilibrium."""
