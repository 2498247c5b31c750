"""Read and write files that another person may have prepared."""
