"""Pages of the room, one module each; every act is a POST view of its own."""
