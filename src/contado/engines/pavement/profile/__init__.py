"""What a road's profile says: files of profiles, the IRI, roads as random surfaces."""
