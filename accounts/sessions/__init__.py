"""Sessions of browsers: where a user is signed in, since when, and the history of sign-ins."""
