"""Commands for a robot that is steered: where they come from, and what becomes of them before the planner hears."""
