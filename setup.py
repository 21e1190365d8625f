"""Only what setup.cfg cannot say: packages are found, and `data/` is installed as `dwsynapse_data`."""

from setuptools import find_packages, setup

FOUND = ("dwcore*", "llg*", "compact*", "arraysim*", "dwsynapse*")

setup(packages=[*find_packages(include=FOUND), "dwsynapse_data"], package_dir={"dwsynapse_data": "data"})
