"""The Excel form of a month: downloaded, filled in, uploaded and compared with what is stored."""
