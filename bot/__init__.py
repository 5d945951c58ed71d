"""The channels: the web, later Telegram. What comes in is stored first, then answered."""
