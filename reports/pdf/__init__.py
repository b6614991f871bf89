"""Drawing PDFs in a child process, and reading PDFs back, also foreign ones."""
