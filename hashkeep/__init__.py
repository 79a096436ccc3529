"""The Django project: settings, addresses, admin, commands. It wires everything, and nothing imports it."""
