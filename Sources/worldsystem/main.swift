print("worldsystem")
