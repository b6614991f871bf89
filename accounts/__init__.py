"""Who you are: user, password, second factor, single sign-on, sessions. Knows no unit and no role."""
