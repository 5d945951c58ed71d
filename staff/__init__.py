"""For the city's staff: exports now, the desk later."""
