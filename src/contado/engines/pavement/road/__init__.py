"""A section as a line: places by chainage, official posts, roads side by side, gaps between cells."""
