"""What could be done: condition, priority, treatments, strategies over years, worksites."""
