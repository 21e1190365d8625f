"""Labelled images: shipped, from files, downloaded."""
