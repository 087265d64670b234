"""The pure core: text in, decisions out. No files, clock, environment, threads or network."""
