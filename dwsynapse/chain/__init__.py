"""The whole chain in one command, and what users see of it: figures, captions, report."""
