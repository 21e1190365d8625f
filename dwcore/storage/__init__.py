"""Files of all packages: HDF5 with provenance, complete or absent and checked on opening; tables of columns."""
