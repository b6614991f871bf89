"""The demo data of Thanh Liêm, loaded by the importers that real data comes through."""
