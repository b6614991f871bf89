"""What people and other systems give to this room: numbers, reasons, months, files. Every message is Vietnamese."""
