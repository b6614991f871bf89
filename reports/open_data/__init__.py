"""The data as an open package of CSV files with a Data Package descriptor."""
