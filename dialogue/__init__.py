"""The pure rules of the dialogue: data in, data out. No I/O, no clock, no environment."""
